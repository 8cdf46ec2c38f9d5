import { setTimeout as sleep } from 'node:timers/promises'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventEnvelope } from '../../events/broker/envelope.ts'
import { openTransport, type TransportSettings } from '../../events/broker/open-transport.ts'
import type { EventHandler, EventTransport } from '../../events/broker/transport.ts'
import { startNatsBroker, startPostgresBroker, type Broker } from '../harness/brokers.ts'
import type { ForeignMessage } from '../../events/broker/message.ts'
import { bySubject, envelopes, foreignTexts, reading, upTo } from '../harness/envelopes.ts'
import { until } from '../harness/poll.ts'

/** Longer than NATS takes to give a connection up: it then connects again and again to what does not answer. */
const SILENCE_MS = 15_000

/** What a broker must do, whichever it is: events/broker/transport.ts says it, and these tests prove it. */
describe.each([
  { kind: 'postgres', start: startPostgresBroker },
  { kind: 'nats', start: startNatsBroker },
])('the $kind transport', ({ start }) => {
  let broker: Broker
  let transport: EventTransport
  const opened: EventTransport[] = []
  const open = async (settings: TransportSettings = broker.settings) => {
    const one = await openTransport(settings, () => undefined)
    opened.push(one)
    return one
  }
  beforeEach(async () => {
    broker = await start()
    transport = await open()
  })
  afterEach(async () => {
    for (const release of holds.splice(0)) release()
    for (const one of opened.splice(0)) await one.close()
    await broker.close()
  })

  /** Publishes as the relay does: again and again, until everything is stored. */
  async function publishAll(events: readonly EventEnvelope[], by = transport): Promise<void> {
    let left = events
    await until('the events to be stored', async () => {
      const stored = new Set((await by.publish(left)).map(({ id }) => id))
      left = left.filter(({ id }) => !stored.has(id))
      return left.length === 0 ? true : undefined
    })
  }

  /** Subscribes, and keeps what is handed out. */
  async function collect(consumer: string, by = transport, meanwhile: EventHandler = async () => undefined) {
    const batches: EventEnvelope[][] = []
    const subscription = await by.subscribe(
      consumer,
      reading(async (events) => {
        batches.push([...events])
        await meanwhile(events)
      }),
    )
    const got = () => batches.flat()
    const distinct = () => new Set(got().map(({ id }) => id)).size
    return {
      batches,
      got,
      stop: () => subscription.stop(),
      /** Waits for so many different events. */
      has: (count: number) =>
        until(`${count} events to be handed out, not ${distinct()}`, () =>
          distinct() >= count ? true : undefined,
        ),
    }
  }

  it('hands out hundreds of events as they were published, in order in each subject', async () => {
    const subjects = ['order-a', 'order-b', 'order-c', 'order-d']
    const consumer = await collect('reader')
    const all = subjects.flatMap((subject) => envelopes(subject, 1, 100))
    // Interleaved, as many orders at once are.
    const mixed = all.sort((one, other) => one.streamversion - other.streamversion)
    expect(await transport.publish(mixed.slice(0, 250))).toEqual(mixed.slice(0, 250))
    await publishAll(mixed.slice(250))
    await consumer.has(400)
    expect(bySubject(consumer.got())).toEqual(
      Object.fromEntries(subjects.map((subject) => [subject, upTo(100)])),
    )
    expect(consumer.got()[0]).toEqual(mixed[0])
  })

  it('misses nothing of what several publishers store at once', async () => {
    const consumer = await collect('reader')
    const publishers = [transport, await open(), await open()]
    await Promise.all(
      publishers.map(async (publisher, index) => {
        for (const event of envelopes(`order-${index}`, 1, 60)) await publishAll([event], publisher)
      }),
    )
    await consumer.has(180)
    expect(bySubject(consumer.got())).toEqual({
      'order-0': upTo(60),
      'order-1': upTo(60),
      'order-2': upTo(60),
    })
  })

  it('stores an event once that is published again, also by another process', async () => {
    await publishAll(envelopes('order-a', 1, 3))
    expect(await transport.publish(envelopes('order-a', 2, 4))).toEqual(envelopes('order-a', 2, 4))
    await publishAll(envelopes('order-a', 1, 5), await open())
    const consumer = await collect('reader')
    await consumer.has(5)
    await consumer.stop()
    expect(bySubject(consumer.got())).toEqual({ 'order-a': upTo(5) })
  })

  it('lets a new consumer begin with the oldest event, and one that was here go on where it was', async () => {
    await publishAll(envelopes('order-a', 1, 20))
    const early = await collect('early')
    await early.has(20)
    await early.stop()
    await publishAll(envelopes('order-a', 21, 30))
    const again = await collect('early')
    const late = await collect('late')
    await again.has(10)
    await late.has(30)
    expect(bySubject(again.got())).toEqual({ 'order-a': upTo(30).slice(20) })
    expect(bySubject(late.got())).toEqual({ 'order-a': upTo(30) })
  })

  it('gives every consumer everything, however slow another is', async () => {
    const { held, release } = hold()
    const stuck = await collect('stuck', await open(), () => held)
    const quick = await collect('quick')
    await publishAll(envelopes('order-a', 1, 150))
    await quick.has(150)
    expect(stuck.got().length).toBeLessThanOrEqual(100)
    release()
    await stuck.has(150)
    expect(bySubject(quick.got())).toEqual({ 'order-a': upTo(150) })
    expect(bySubject(stuck.got())).toEqual({ 'order-a': upTo(150) })
  })

  it('gives consumers that are subscribed together every event for each, and lets each go on alone', async () => {
    await publishAll(envelopes('order-a', 1, 10))
    const alone = await collect('first')
    await alone.has(10)
    await alone.stop()
    const got: Record<string, EventEnvelope[]> = { first: [], second: [] }
    const together = await transport.subscribe(['first', 'second'], {
      handle: async (events, consumers) => {
        for (const consumer of consumers) got[consumer]?.push(...events)
      },
      keep: () => Promise.reject(new Error('there is a message that is no event')),
    })
    await publishAll(envelopes('order-a', 11, 130))
    const hasAll = (consumer: string, from: number) => {
      const seen = new Set(bySubject(got[consumer] ?? [])['order-a'])
      return upTo(130)
        .slice(from)
        .every((version) => seen.has(version))
    }
    await until('all events for both', () => (hasAll('first', 10) && hasAll('second', 0) ? true : undefined))
    await together.stop()
    await publishAll(envelopes('order-a', 131, 135))
    for (const consumer of ['first', 'second']) {
      const next = await collect(consumer)
      await next.has(5)
      expect(bySubject(next.got())['order-a']).toEqual(upTo(135).slice(130))
    }
  })

  it('lets events gather behind a batch for a consumer that rests, and keeps none of them back', async () => {
    const batches: number[] = []
    const got: EventEnvelope[] = []
    await transport.subscribe('resting', {
      ...reading(async (events) => {
        batches.push(events.length)
        got.push(...events)
      }),
      restMs: 500,
    })
    for (let version = 1; version <= 20; version += 1)
      await publishAll(envelopes('order-a', version, version))
    await until('all events', () => (got.length >= 20 ? true : undefined))
    expect(bySubject(got)).toEqual({ 'order-a': upTo(20) })
    expect(batches.length).toBeLessThan(20)
  })

  it('gives a consumer that is slower than the publisher batches of a hundred at most, and all of them', async () => {
    let inHand = 0
    let inHandMax = 0
    const consumer = await collect('slow', transport, async () => {
      inHand += 1
      inHandMax = Math.max(inHandMax, inHand)
      await new Promise((resolve) => setTimeout(resolve, 20))
      inHand -= 1
    })
    for (let from = 1; from <= 600; from += 50) await publishAll(envelopes('order-a', from, from + 49))
    await consumer.has(600)
    expect(bySubject(consumer.got())).toEqual({ 'order-a': upTo(600) })
    expect(Math.max(...consumer.batches.map(({ length }) => length))).toBeLessThanOrEqual(100)
    expect(inHandMax).toBe(1)
  })

  it('hands out a rejected batch again, and nothing newer before it', async () => {
    let rejections = 0
    const consumer = await collect('reader', transport, async (events) => {
      const isPoison = events.some(({ id }) => id === 'order-a/7')
      if (!isPoison || rejections === 3) return
      rejections += 1
      // By then there is something newer that could overtake it.
      await publishAll(envelopes('order-b', rejections, rejections))
      throw new Error('not this time')
    })
    await publishAll(envelopes('order-a', 1, 10))
    await consumer.has(13)
    expect(rejections).toBe(3)
    const attempts = consumer.batches.filter((batch) => batch.some(({ id }) => id === 'order-a/7'))
    expect(attempts).toHaveLength(4)
    const accepted = consumer.batches.slice(consumer.batches.indexOf(attempts.at(-1) ?? []))
    expect(bySubject(accepted.flat())['order-b']).toEqual([1, 2, 3])
  })

  it('hands out what a dead subscriber had in hand to the next one, before anything newer', async () => {
    const { line, settings } = await broker.onLine()
    const grave = hold()
    const doomed = await collect('reader', await open(settings), async (events) => {
      if (events.some(({ streamversion }) => streamversion > 10)) await grave.held
    })
    await publishAll(envelopes('order-a', 1, 10))
    await doomed.has(10)
    await publishAll([...envelopes('order-a', 11, 40), ...envelopes('order-b', 11, 40)])
    await doomed.has(11)
    // With a batch in hand it is just not there any more.
    line.cut()
    await publishAll(envelopes('order-a', 41, 60))
    const heir = await collect('reader')
    await heir.has(80)
    expect(bySubject(heir.got())).toEqual({
      'order-a': upTo(60).slice(10),
      'order-b': upTo(40).slice(10),
    })
  })

  it('waits, when it is to stop, for the batch in hand, and does not hand that out again', async () => {
    const { held, release } = hold()
    const first = await collect('reader', transport, () => held)
    await publishAll(envelopes('order-a', 1, 5))
    await first.has(1)
    let isStopped = false
    const stopping = first.stop().then(() => {
      isStopped = true
    })
    await publishAll(envelopes('order-a', 6, 10))
    expect(isStopped).toBe(false)
    release()
    await stopping
    const second = await collect('reader')
    await second.has(10 - first.got().length)
    expect([...first.got(), ...second.got()].map(({ streamversion }) => streamversion)).toEqual(upTo(10))
  })

  it('answers that nothing is stored while the broker is away, and stores it once that is back', async () => {
    await publishAll(envelopes('order-a', 1, 5))
    await broker.takeAway()
    expect(await transport.publish(envelopes('order-a', 6, 30))).toEqual([])
    await broker.bringBack()
    await publishAll(envelopes('order-a', 6, 30))
    const consumer = await collect('reader')
    await consumer.has(30)
    expect(bySubject(consumer.got())).toEqual({ 'order-a': upTo(30) })
  })

  it('loses nothing when it falls silent without hanging up, and goes on by itself when it answers again', async () => {
    const { line, settings } = await broker.onLine()
    const through = await open(settings)
    const consumer = await collect('reader', through)
    await publishAll(envelopes('order-a', 1, 5), through)
    await consumer.has(5)
    line.swallow()
    await publishAll(envelopes('order-a', 6, 10))
    expect(await through.publish(envelopes('order-b', 1, 3))).toEqual([])
    await sleep(SILENCE_MS)
    line.mend()
    await publishAll(envelopes('order-b', 1, 3), through)
    await consumer.has(13)
    const got = bySubject(consumer.got())
    // A batch whose acknowledgement was lost comes twice.
    expect([firstSeen(got['order-a'] ?? []), firstSeen(got['order-b'] ?? [])]).toEqual([upTo(10), upTo(3)])
  })

  it('waits for a broker that is away when it is opened, and when a consumer subscribes', async () => {
    await broker.takeAway()
    const consumer = await collect('reader')
    const opening = open()
    await broker.bringBack()
    await publishAll(envelopes('order-a', 1, 5), await opening)
    await consumer.has(5)
    expect(bySubject(consumer.got())).toEqual({ 'order-a': upTo(5) })
  })

  it('loses nothing that it said was stored when the broker goes and comes back in mid-stream', async () => {
    const subjects = ['order-a', 'order-b', 'order-c']
    const consumer = await collect('reader')
    const outage = async () => {
      await broker.takeAway()
      await broker.bringBack()
    }
    for (let from = 1; from <= 200; from += 20) {
      const publishing = publishAll(subjects.flatMap((subject) => envelopes(subject, from, from + 19)))
      if (from % 80 === 1) await outage()
      await publishing
    }
    await consumer.has(600)
    await consumer.stop()
    for (const [subject, versions] of Object.entries(bySubject(consumer.got()))) {
      // Some may come twice, but nothing is missing, and nothing comes before what it follows.
      expect([subject, firstSeen(versions)]).toEqual([subject, upTo(200)])
    }
  })

  describe('of a message that is no event', () => {
    /** Subscribes, and keeps apart what is an event and what is none. */
    async function collectBoth() {
      const got: EventEnvelope[] = []
      const kept: ForeignMessage[] = []
      let refusals = 0
      const subscription = await transport.subscribe('reader', {
        handle: async (events) => void got.push(...events),
        async keep(messages) {
          if (refusals > 0) {
            refusals -= 1
            throw new Error('not this time')
          }
          kept.push(...messages)
        },
      })
      return { got, kept, stop: () => subscription.stop(), refuse: (times: number) => (refusals = times) }
    }

    it('keeps what it was and why, and hands out every event before and behind it', async () => {
      const texts = Object.values(foreignTexts())
      await publishAll(envelopes('order-a', 1, 1))
      for (const text of texts) await broker.put(text)
      await publishAll(envelopes('order-a', 2, 2))
      const { got, kept } = await collectBoth()
      await until('the event behind them', () => (got.length >= 2 ? true : undefined))
      expect(bySubject(got)).toEqual({ 'order-a': [1, 2] })
      expect(kept.map(({ sequence }) => sequence)).toEqual([...texts.keys()].map((index) => index + 2))
      expect(kept.map(({ why }) => why)).not.toContain('')
      for (const [index, { raw, encoding, bytes }] of kept.entries()) {
        const text = texts[index] ?? ''
        // PostgreSQL writes JSON in its own way.
        expect(encoding).toBe('text')
        expect(raw.length).toBeLessThanOrEqual(4096)
        expect(bytes).toBeGreaterThanOrEqual(text.length)
        if (text.length < 4096) expect(JSON.parse(raw)).toEqual(JSON.parse(text))
      }
    })

    it('takes it for kept when it was kept, and acknowledges it once', async () => {
      const { got, kept, refuse, stop } = await collectBoth()
      refuse(2)
      await publishAll(envelopes('order-a', 1, 1))
      await broker.put('{}')
      await publishAll(envelopes('order-a', 2, 2))
      await until('the event behind it', () => (got.length > 1 ? true : undefined))
      expect(kept).toHaveLength(1)
      await stop()
      const again = await collectBoth()
      await publishAll(envelopes('order-a', 3, 3))
      await until('the next event', () => (again.got.length > 0 ? true : undefined))
      expect([again.kept.length, bySubject(again.got)]).toEqual([0, { 'order-a': [3] }])
    })
  })
})

const holds: (() => void)[] = []

/** A promise that is kept when it is told, and at the end of its test. */
function hold(): { held: Promise<void>; release: () => void } {
  let release: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  holds.push(release)
  return { held, release }
}

describe('the NATS transport', () => {
  it('keeps bytes that are no text, and text that cannot be stored', async () => {
    const broker = await startNatsBroker()
    const transport = await openTransport(broker.settings, () => undefined)
    try {
      const [event] = envelopes('order-a', 1, 1)
      const halfACharacter = JSON.stringify(event).replace('é', String.raw`\ud83d`)
      const nul = JSON.stringify(event).replace('é', String.raw`\u0000`)
      const got: EventEnvelope[] = []
      const kept: ForeignMessage[] = []
      await transport.subscribe('reader', {
        handle: async (events) => void got.push(...events),
        keep: async (messages) => void kept.push(...messages),
      })
      await transport.publish(envelopes('order-a', 1, 1))
      const bodies = [Uint8Array.of(0xff, 0xfe, 0x00), 'not json', '', halfACharacter, nul]
      for (const body of bodies) await broker.put(body)
      await transport.publish(envelopes('order-a', 2, 2))
      await until('the event behind them', () => (got.length > 1 ? true : undefined))
      expect(kept.map(({ why, raw, encoding }) => [why, raw, encoding])).toEqual([
        ['It is not UTF-8.', Buffer.from([0xff, 0xfe, 0x00]).toString('base64'), 'base64'],
        ['It is not JSON.', 'not json', 'text'],
        ['It is not JSON.', '', 'text'],
        [expect.stringContaining('cannot be stored'), halfACharacter, 'text'],
        [expect.stringContaining('cannot be stored'), nul, 'text'],
      ])
    } finally {
      await transport.close()
      await broker.close()
    }
  })

  it('sees that messages were lost on the way to it, and asks for them before anything newer', async () => {
    const broker = await startNatsBroker()
    const transport = await openTransport(broker.settings, () => undefined)
    const thief = await connect({ servers: broker.settings.url })
    try {
      const { held, release } = hold()
      const got: EventEnvelope[] = []
      await transport.subscribe(
        'reader',
        reading(async (events) => {
          got.push(...events)
          await held
        }),
      )
      await transport.publish(envelopes('order-a', 1, 1))
      await until('the first to be in hand', () => (got.length > 0 ? true : undefined))
      await transport.publish(envelopes('order-a', 2, 20))
      // Handed out to this consumer, and never seen by it.
      const [stream = ''] = await (await jetstreamManager(thief)).streams.names().next()
      const consumer = await jetstream(thief).consumers.get(stream, 'reader')
      for await (const message of await consumer.fetch({ max_messages: 10, expires: 1000 })) message.json()
      release()
      await until('the rest', () => (got.length >= 20 ? true : undefined))
      expect(bySubject(got)).toEqual({ 'order-a': upTo(20) })
    } finally {
      await thief.close()
      await transport.close()
      await broker.close()
    }
  })
})

/** Each number where it comes first. */
const firstSeen = (numbers: readonly number[]) => [...new Set(numbers)]

describe('the embedded broker', () => {
  it('hands out nothing that is stored behind the back of an append that is not committed yet', async () => {
    const broker = await startPostgresBroker()
    const transport = await openTransport(broker.settings, () => undefined)
    const rival = new pg.Client({ connectionString: broker.settings.url })
    try {
      await rival.connect()
      // The first append has its position for order-a, and waits to hear whether order-b/1 will exist.
      await rival.query('BEGIN')
      await rival.query(`INSERT INTO broker_messages (id, subject, envelope) VALUES ('order-b/1', '', '{}')`)
      const first = transport.publish([...envelopes('order-a', 1, 1), ...envelopes('order-b', 1, 1)])
      const isWaiting = async (count: number) => {
        const [row] = await broker.db.$queryRaw<{ count: number }[]>`
          SELECT count(*)::integer AS count FROM pg_locks WHERE NOT granted
             AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`
        return row?.count === count ? true : undefined
      }
      await until('the first append to wait', () => isWaiting(1))
      const seen: EventEnvelope[] = []
      await transport.subscribe(
        'reader',
        reading(async (events) => void seen.push(...events)),
      )
      const second = transport.publish(envelopes('order-c', 1, 1))
      await until('the second append to wait or to be read', async () =>
        seen.length > 0 ? true : isWaiting(2),
      )
      await rival.query('ROLLBACK')
      await Promise.all([first, second])
      await until('the last to be read', () =>
        seen.some(({ subject }) => subject === 'order-c') ? true : undefined,
      )
      expect(seen.map(({ subject }) => subject)).toEqual(['order-a', 'order-b', 'order-c'])
    } finally {
      await rival.end()
      await transport.close()
      await broker.close()
    }
  })

  it('forgets what every consumer has read an hour ago, and nothing else', async () => {
    const broker = await startPostgresBroker()
    const publish = async (from: number, to: number) => {
      const publisher = await openTransport(broker.settings, () => undefined)
      await publisher.publish(envelopes('order-a', from, to))
      await publisher.close()
    }
    const kept = async () =>
      (await broker.db.brokerMessage.findMany({ orderBy: { position: 'asc' } })).map(({ id }) => id)
    try {
      await publish(1, 4)
      await broker.db.$executeRaw`UPDATE broker_messages SET stored_at = now() - interval '61 minutes'`
      await publish(5, 5)
      expect(await kept()).toHaveLength(5)

      await broker.db.$executeRaw`
        INSERT INTO broker_cursors SELECT consumer, position
          FROM (VALUES ('ahead', 'order-a/5'), ('behind', 'order-a/2')) AS read (consumer, id)
          JOIN broker_messages USING (id)`
      await publish(6, 6)
      expect(await kept()).toEqual(['order-a/3', 'order-a/4', 'order-a/5', 'order-a/6'])

      await broker.db
        .$executeRaw`UPDATE broker_cursors SET position = (SELECT max(position) FROM broker_messages)`
      await publish(7, 7)
      expect(await kept()).toEqual(['order-a/5', 'order-a/6', 'order-a/7'])
    } finally {
      await broker.close()
    }
  })
})
