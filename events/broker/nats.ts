import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  jetstream,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type Consumer,
  type ConsumerInfo,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
} from '@nats-io/jetstream'
import { connect, nanos, type NatsConnection } from '@nats-io/transport-node'
import { BATCH_MAX, deliver, type Batch, type NextBatch } from './delivery.ts'
import type { EventEnvelope } from './envelope.ts'
import type { Message } from './message.ts'
import type { EventTransport, OnTrouble, Subscription } from './transport.ts'

const STREAM = 'ORDERSAGA_EVENTS'
const SUBJECTS = 'ordersaga.events'

/** A broker that does not answer in this time is away; a call to publish ends soon after, whatever it still had. */
const TIMEOUT_MS = 2000
const PUBLISH_MAX_MS = 4000

/** How long the broker may take to answer that there is nothing new. */
const PULL_MS = 5000

/**
 * Events are kept for a week, a gibibyte of them at most; a consumer that is further behind is rebuilt from the event
 * store. An event that was stored in the last two minutes is not stored again.
 */
const STREAM_CONFIG = {
  name: STREAM,
  subjects: [`${SUBJECTS}.>`],
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  discard: DiscardPolicy.Old,
  max_age: nanos(7 * 24 * 60 * 60 * 1000),
  max_bytes: 1024 ** 3,
  duplicate_window: nanos(2 * 60 * 1000),
}

/**
 * An acknowledgement is for a whole batch, so what is acknowledged has no holes: the floor is a cursor. The broker
 * itself hands nothing out again for a minute, since it would hand out newer events first; see `openConsumer`.
 */
const CONSUMER_CONFIG = {
  ack_policy: AckPolicy.All,
  ack_wait: nanos(60_000),
  max_ack_pending: BATCH_MAX,
}

/**
 * NATS JetStream: a stream in a file, one subject for each stream of ours, a durable pull consumer for each of ours.
 */
export async function openNatsTransport(url: string, onTrouble: OnTrouble): Promise<EventTransport> {
  const connection = await connect({
    servers: url,
    // A URL that asks for TLS is never served without.
    ...(url.startsWith('tls:') ? { tls: {} } : {}),
    name: 'ordersaga',
    timeout: TIMEOUT_MS,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    reconnectJitter: 200,
    pingInterval: 5000,
  })
  const isConnected = watchConnection(connection)
  const client = jetstream(connection, { timeout: TIMEOUT_MS })
  const manager = await jetstreamManager(connection, { timeout: TIMEOUT_MS, checkAPI: false })
  const subscriptions = new Set<Subscription>()
  const declareStream = () =>
    manager.streams.add(STREAM_CONFIG).catch(() => manager.streams.update(STREAM, STREAM_CONFIG))
  let isDeclared = false
  const tellTrouble = (error: unknown) => {
    isDeclared = false
    onTrouble('events could not be stored', error)
  }

  return {
    async publish(events) {
      try {
        // What is sent while there is no connection is not refused but kept, for as long as it takes.
        if (!isConnected()) throw new Error('the broker is away')
        if (!isDeclared) await declareStream()
        isDeclared = true
      } catch (error) {
        tellTrouble(error)
        return []
      }
      const giveUpAt = performance.now() + PUBLISH_MAX_MS
      const outcomes = await Promise.all(
        bySubject(events).map((subject) => publishSubject(client, subject, giveUpAt)),
      )
      const failed = outcomes.find(({ trouble }) => trouble !== undefined)
      if (failed !== undefined) tellTrouble(failed.trouble)
      const stored = new Set(outcomes.flatMap((outcome) => outcome.stored))
      return events.filter((event) => stored.has(event))
    },

    async subscribe(consumers, subscriber) {
      // The server keeps where each consumer is, and hands out to each by itself.
      const parts = [consumers].flat().map((consumer) => {
        const open = async () => {
          await declareStream()
          return openConsumer(client, manager, consumer)
        }
        return deliver([consumer], consumeInOrder(open), subscriber, onTrouble)
      })
      const subscription: Subscription = {
        stop: async () => void (await Promise.all(parts.map((part) => part.stop()))),
      }
      subscriptions.add(subscription)
      return subscription
    },

    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.stop()))
      await connection.close()
    },
  }
}

function watchConnection(connection: NatsConnection): () => boolean {
  let isConnected = true
  const watch = async () => {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect') isConnected = false
      if (type === 'reconnect') isConnected = true
    }
  }
  void watch()
  return () => isConnected
}

function bySubject(events: readonly EventEnvelope[]): EventEnvelope[][] {
  const groups = new Map<string, EventEnvelope[]>()
  for (const event of events) {
    const group = groups.get(event.subject)
    if (group === undefined) groups.set(event.subject, [event])
    else group.push(event)
  }
  return [...groups.values()]
}

/** Each event when the one before is acknowledged, up to the first that is not. */
async function publishSubject(
  client: JetStreamClient,
  events: readonly EventEnvelope[],
  giveUpAt: number,
): Promise<{ stored: EventEnvelope[]; trouble?: unknown }> {
  const stored: EventEnvelope[] = []
  try {
    for (const event of events) {
      if (performance.now() > giveUpAt) throw new Error('the broker is too slow')
      await client.publish(`${SUBJECTS}.${token(event.subject)}`, JSON.stringify(event), { msgID: event.id })
      stored.push(event)
    }
    return { stored }
  } catch (trouble) {
    return { stored, trouble }
  }
}

/** A stream's id as one token of a subject. */
const token = (streamId: string) =>
  streamId.replaceAll(/[^\w-]/g, (character) => `=${character.codePointAt(0)?.toString(16)}`)

/**
 * The durable consumer as it is to be read from: nothing handed out that is not acknowledged. If there is any (its
 * reader died, or it was lost on the way), the consumer is made anew from there, because the broker would hand it out
 * only after a while, and after newer events. A crash in between makes it begin with the oldest, and events come twice.
 */
async function openConsumer(
  client: JetStreamClient,
  manager: JetStreamManager,
  name: string,
): Promise<{ consumer: Consumer; delivered: number }> {
  const create = (from: Partial<{ deliver_policy: DeliverPolicy; opt_start_seq: number }>) =>
    manager.consumers.add(STREAM, { ...CONSUMER_CONFIG, durable_name: name, ...from })
  let info: ConsumerInfo = await manager.consumers.info(STREAM, name).catch((error: unknown) => {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound)
      return create({ deliver_policy: DeliverPolicy.All })
    throw error
  })
  if (info.num_ack_pending > 0) {
    await manager.consumers.delete(STREAM, name)
    info = await create({
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: info.ack_floor.stream_seq + 1,
    })
  }
  return {
    consumer: client.consumers.getConsumerFromInfo(info),
    delivered: info.delivered.consumer_seq,
  }
}

/** Pulls batch after batch, and opens the consumer anew whenever it cannot be certain that nothing is missing. */
function consumeInOrder(open: () => ReturnType<typeof openConsumer>): NextBatch {
  let opened: Awaited<ReturnType<typeof openConsumer>> | undefined
  const certain = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      opened = undefined
      throw error
    }
  }
  return async (stopping): Promise<Batch | undefined> => {
    opened ??= await open()
    const { consumer, delivered } = opened
    const messages = await certain(pullBatch(consumer, delivered, stopping))
    const last = messages.at(-1)
    if (last === undefined) {
      opened = undefined
      return undefined
    }
    opened = { consumer, delivered: delivered + messages.length }
    return {
      messages: messages.map(toMessage),
      acknowledge: () => certain(last.ackAck().then(() => undefined)),
    }
  }
}

const toMessage = ({ subject, seq, time, data }: JsMsg): Message => ({
  subject,
  sequence: seq,
  storedAt: time,
  bytes: data.length,
  body: data,
})

/**
 * Waits for one message, and takes those that are there behind it.
 * @throws Error when one was lost on the way: the broker numbers what it hands out.
 */
async function pullBatch(consumer: Consumer, delivered: number, stopping: AbortSignal): Promise<JsMsg[]> {
  const messages = await pull(consumer, 1, stopping)
  const behind = Math.min(messages[0]?.info.pending ?? 0, BATCH_MAX - 1)
  if (behind > 0) messages.push(...(await pull(consumer, behind, stopping)))
  messages.forEach(({ info }, index) => {
    if (info.deliverySequence !== delivered + index + 1) throw new Error('messages were lost on the way')
  })
  return messages
}

async function pull(consumer: Consumer, max: number, stopping: AbortSignal): Promise<JsMsg[]> {
  const messages = await consumer.fetch({ max_messages: max, expires: PULL_MS })
  const hangUp = () => void messages.close()
  if (stopping.aborted) hangUp()
  stopping.addEventListener('abort', hangUp, { once: true })
  const pulled: JsMsg[] = []
  try {
    for await (const message of messages) {
      pulled.push(message)
      if (pulled.length === max) break
    }
  } finally {
    stopping.removeEventListener('abort', hangUp)
  }
  return pulled
}
