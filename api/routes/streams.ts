import { createSession, type Session } from 'better-sse'
import { Router, type Request, type RequestHandler, type Response } from 'express'
import { setTimeout as sleep } from 'node:timers/promises'
import { sagaStream } from '../../domain/saga/ids.ts'
import { ORDER } from '../../domain/order/evolve.ts'
import type { createOrderQueries, OrderRecord } from '../../domain/order/queries.ts'
import { isTerminal } from '../../domain/saga/status.ts'
import type { Loaded } from '../../events/store/aggregate.ts'
import type { EventStore } from '../../events/store/store.ts'
import type { TailEvent } from '../../events/outbox/tail.ts'
import type { Contracts } from '../contracts.ts'
import { boundInFlight } from '../back-pressure.ts'
import { viewEvent } from '../event-view.ts'
import { findOrder } from '../find-order.ts'
import { parseQuery, serve } from '../http.ts'
import { viewPastOrder } from '../order-view.ts'
import { HttpProblem } from '../problem.ts'
import type { TemporalPlace } from '../saga-view.ts'
import { lastEventId, noQuery } from '../schemas/shared.ts'
import type { HeadWatch } from '../streams/head-watch.ts'

/** Streams that one process keeps open. */
const STREAMS_MAX = 500

const OPERATIONS_INTERVAL_MS = 500

/** What is kept for one client that reads slowly. */
const UNREAD_BYTES_MAX = 1_000_000

export interface StreamRoutes {
  contracts: Contracts
  queries: ReturnType<typeof createOrderQueries>
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
export function createStreamRoutes(options: StreamRoutes): Router {
  const router = Router()
  const bounded = boundInFlight(STREAMS_MAX)
  serve(router, '/orders/:id/stream', { get: [bounded, streamOrder(options)] })
  serve(router, '/operations/stream', { get: [bounded, streamOperations(options)] })
  return router
}

function streamOrder({
  contracts,
  queries,
  store,
  headWatch,
  temporal,
  ending,
}: StreamRoutes): RequestHandler {
  return async (request, response) => {
    parseQuery(noQuery, request.query)
    const after = readLastEventId(request)
    const { id } = await findOrder(queries, request)
    const streamId = sagaStream(contracts.order.kind, id)
    let past: Loaded<typeof ORDER.initial> = { state: ORDER.initial, version: 0, recordedAt: undefined }

    /** What has happened since, up to the event that ends the order. */
    const advance = async () => {
      const events = await store.load(streamId, undefined, past.version)
      const order = events.length === 0 ? null : await queries.find(id)
      const news: { order: OrderRecord; at: typeof past; type: string }[] = []
      for (const event of events) {
        if (order === null || isTerminal(past.state.status)) break
        const { version, recordedAt, type } = event
        past = { state: ORDER.evolve(past.state, event), version, recordedAt }
        if (version > after) news.push({ order, at: past, type })
      }
      return news
    }

    let news = await advance()
    if (news.length === 0 && isTerminal(past.state.status)) {
      // Nothing will follow: this answer tells a client not to come back.
      response.status(204).end()
      return
    }
    await withSession(request, response, ending, async (session, signal) => {
      for (;;) {
        for (const { order, at, type } of news)
          session.push(viewPastOrder(contracts.order, order, at, temporal), type, String(at.version))
        if (signal.aborted || isTerminal(past.state.status) || !isReading(response)) return
        await headWatch.past(id, past.version, signal)
        news = await advance()
      }
    })
  }
}

function streamOperations({ tail, ending }: StreamRoutes): RequestHandler {
  return async (request, response) => {
    parseQuery(noQuery, request.query)
    const after = request.get('last-event-id') === undefined ? undefined : readLastEventId(request)
    const next = tail.follow(after === undefined ? await tail.newestId() : BigInt(after))
    await withSession(request, response, ending, async (session, signal) => {
      while (!signal.aborted && isReading(response)) {
        for (const event of await next()) {
          session.push({ streamId: event.streamId, ...viewEvent(event) }, event.type, String(event.id))
        }
        await sleep(OPERATIONS_INTERVAL_MS, undefined, { signal }).catch(() => undefined)
      }
    })
  }
}

/** A client that does not read what it asked for is cut off; it comes back with the id of the last event it has. */
const isReading = (response: Response) => response.writableLength < UNREAD_BYTES_MAX

/** Keeps a session open while `work` goes on; its signal is aborted when the client or this process leaves. */
async function withSession(
  request: Request,
  response: Response,
  ending: AbortSignal,
  work: (session: Session, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  // It may have left while its first events were looked up: that is not told again.
  if (response.closed || response.destroyed) return
  const session = await createSession(request, response)
  try {
    await work(session, AbortSignal.any([gone.signal, ending]))
  } finally {
    // Ended, not failed: a client that was cut off comes back with the id of the last event that it has seen.
    response.end()
  }
}

/** 0 when it is not given. */
function readLastEventId(request: Request): number {
  const parsed = lastEventId.safeParse(request.get('last-event-id') ?? '0')
  if (parsed.success) return parsed.data
  throw new HttpProblem('INVALID_PARAMETER', 'Last-Event-ID is the id of an event of this stream.')
}
