import { createSession, type Session } from 'better-sse'
import type { Request, Response } from 'express'
import { setTimeout as sleep } from 'node:timers/promises'
import { sagaStream } from '../../domain/saga/ids.ts'
import { ORDER } from '../../domain/order/evolve.ts'
import type { OrderQueries, OrderRecord } from '../../domain/order/queries.ts'
import { isTerminal } from '../../domain/saga/status.ts'
import type { Loaded } from '../../events/store/aggregate.ts'
import type { EventStore } from '../../events/store/store.ts'
import type { TailEvent } from '../../events/outbox/tail.ts'
import { createBound } from '../back-pressure.ts'
import type { Contracts } from '../contracts.ts'
import { endpoint, reply, type Endpoint, type HeaderRule } from '../endpoint.ts'
import { uuidInPath } from '../parts.ts'
import { z } from '../zod.ts'
import { event, viewEvent } from './events.ts'
import type { HeadWatch } from './head-watch.ts'
import { order, viewPastOrder } from './order.ts'
import { findOrder } from './orders.ts'
import type { TemporalPlace } from './saga.ts'

/** Streams that one process keeps open. */
const STREAMS_MAX = 500

const OPERATIONS_INTERVAL_MS = 500

/** What is kept for one client that reads slowly. */
const UNREAD_BYTES_MAX = 1_000_000

const SEEN_FORM = /^\d{1,15}$/

/** As far as a client has seen a stream. */
const SEEN = {
  'Last-Event-ID': {
    schema: z
      .string()
      .regex(SEEN_FORM)
      .transform(Number)
      .optional()
      .openapi({ type: 'string', pattern: SEEN_FORM.source }),
    description: 'The id of the last event that was seen: go on after it, as browsers do by themselves.',
    invalid: 'INVALID_PARAMETER',
  },
} as const satisfies Record<string, HeaderRule>

/** An event of any stream. */
const streamEvent = event.extend({ streamId: z.string() }).openapi('StreamEvent')

export interface StreamResources {
  contracts: Contracts
  queries: OrderQueries
  store: EventStore
  headWatch: HeadWatch
  /** The events of all streams. */
  tail: {
    newestId(): Promise<bigint>
    follow(afterId: bigint): () => Promise<TailEvent[]>
  }
  temporal: TemporalPlace
  /** Aborted when the process is to end: streams would keep it open. */
  ending: AbortSignal
}

/** Server-sent events: what happens, as it happens. A client that was cut off goes on where it was. */
export function streamEndpoints(options: StreamResources): Endpoint[] {
  const { contracts, queries, store, headWatch, tail, temporal } = options
  const bound = createBound(STREAMS_MAX)
  const withSession = createSessions(options.ending)
  return [
    endpoint({
      method: 'get',
      path: '/orders/{id}/stream',
      summary: 'What happens to an order, as it happens',
      params: uuidInPath,
      absent: 'ORDER_NOT_FOUND',
      headers: SEEN,
      bound,
      answers: {
        200: {
          description:
            'The events so far, then each new one: `id` its version, `event` its type, `data` the order as it then was. ' +
            'Ends after the one that ends the order.',
          isStream: true,
          data: order,
        },
        204: { description: 'The order has ended and nothing will follow: do not come back.' },
      },
      async handle({ params, headers }) {
        const seen = headers['Last-Event-ID'] ?? 0
        const { id } = await findOrder(queries, params.id)
        const next = followOrder({ queries, store, streamId: sagaStream(contracts.order.kind, id), id, seen })
        const first = await next()
        if (first.news.length === 0 && first.isOver) return reply(204)
        return {
          status: 200 as const,
          stream: withSession(async (session, signal, response) => {
            let { news, isOver, version } = first
            for (;;) {
              for (const { record, at, type } of news)
                session.push(viewPastOrder(contracts.order, record, at, temporal), type, String(at.version))
              if (signal.aborted || isOver || !isReading(response)) return
              await headWatch.past(id, version, signal)
              ;({ news, isOver, version } = await next())
            }
          }),
        }
      },
    }),
    endpoint({
      method: 'get',
      path: '/operations/stream',
      summary: 'What happens to everything, as it happens',
      headers: SEEN,
      bound,
      answers: {
        200: {
          description:
            'Each new event of every stream: `event` its type, `data` its stream, version, data and time. With ' +
            'Last-Event-ID those since, as far back as an hour.',
          isStream: true,
          data: streamEvent,
        },
      },
      async handle({ headers }) {
        const newest = await tail.newestId()
        const seen = BigInt(headers['Last-Event-ID'] ?? newest)
        // An id above it is of another database: its client would get nothing until the ids are as high.
        const next = tail.follow(seen < newest ? seen : newest)
        return {
          status: 200 as const,
          stream: withSession(async (session, signal, response) => {
            while (!signal.aborted && isReading(response)) {
              for (const event of await next())
                session.push({ streamId: event.streamId, ...viewEvent(event) }, event.type, String(event.id))
              await sleep(OPERATIONS_INTERVAL_MS, undefined, { signal }).catch(() => undefined)
            }
          }),
        }
      },
    }),
  ]
}

interface Followed {
  queries: OrderQueries
  store: EventStore
  id: string
  streamId: string
  /** The version that the client has seen. */
  seen: number
}

/** Each call answers what has happened to an order since the last, up to the event that ends it. */
function followOrder({ queries, store, id, streamId, seen }: Followed) {
  let upTo = seen
  let past: Loaded<typeof ORDER.initial> = { state: ORDER.initial, version: 0, recordedAt: undefined }
  return async () => {
    const events = await store.load(streamId, { after: past.version })
    const record = events.length === 0 ? null : await queries.find(id)
    const news: { record: OrderRecord; at: typeof past; type: string }[] = []
    for (const event of events) {
      if (record === null || isTerminal(past.state.status)) break
      const { version, recordedAt, type } = event
      past = { state: ORDER.evolve(past.state, event), version, recordedAt }
      if (version > upTo) news.push({ record, at: past, type })
    }
    // No client has seen a version that the order does not have.
    upTo = Math.min(upTo, past.version)
    return { news, isOver: isTerminal(past.state.status), version: past.version }
  }
}

/** A client that does not read what it asked for is cut off; it comes back with the id of the last event it has. */
const isReading = (response: Response) => response.writableLength < UNREAD_BYTES_MAX

type Work = (session: Session, signal: AbortSignal, response: Response) => Promise<void>

/**
 * Keeps sessions open while their work goes on; its signal is aborted when the client or this process leaves. All of
 * them share one listener of `ending`: a signal that lives long keeps every listener that was ever composed from it.
 */
function createSessions(ending: AbortSignal) {
  const open = new Set<AbortController>()
  ending.addEventListener('abort', () => {
    for (const session of open) session.abort()
  })
  return (work: Work) =>
    async (request: Request, response: Response): Promise<void> => {
      // It may have left while its first events were looked up: no event says so any more.
      if (response.closed || response.destroyed || ending.aborted) return void response.end()
      const leaving = new AbortController()
      open.add(leaving)
      response.once('close', () => leaving.abort())
      const session = await createSession(request, response)
      try {
        await work(session, leaving.signal, response)
      } finally {
        open.delete(leaving)
        // Ended, not failed: a client that was cut off comes back with the id of the last event that it has seen.
        response.end()
      }
    }
}
