import { backoffMs, pause } from '../backoff.ts'
import { toEnvelope } from '../broker/envelope.ts'
import { standForLeader } from '../leader.ts'
import { beginSpan, inBatchSpan } from '../../tracing.ts'
import type { Sql } from '../store/sql.ts'
import { markPublished, pruneOutbox, readUnpublished, type OutboxRow } from './outbox.ts'
import type { RelayMetrics } from './relay-metrics.ts'
import type { EventTransport, OnTrouble } from '../broker/transport.ts'

const BATCH_MAX = 500

/**
 * How long it waits before it looks again: briefly after it has published something, since an event often follows another,
 * then twice as long each time that there is nothing. What is recorded within a wait is one batch for all consumers.
 */
const WAIT_MS = { first: 20, max: 200 }

/** With so many streams held back it is the broker that is in trouble, and no more of them are tried. */
const HELD_MAX = 1000

const PRUNED_MAX = 2000
const PRUNE_INTERVAL_MS = 60_000

export interface RelayOptions {
  /** URL of the database with the outbox. */
  url: string
  transport: EventTransport
  metrics: RelayMetrics
  /** Called with the events that the broker has stored, and that are marked as published. */
  onPublished?: (events: readonly OutboxRow[]) => void
  /** Called at `relay:before-publish` and `relay:after-publish`, for kill tests. */
  reach?: (point: string) => void
  onTrouble: OnTrouble
}

/**
 * Carries events from the outbox to the broker, each at least once and in order within its stream. Any number of
 * relays may run: one of them leads, and the others wait for it to fail. It asks for work instead of waiting to hear of
 * it, since a NOTIFY in each commit would slow down every order.
 */
export function startRelay(options: RelayOptions): { stop(): Promise<void> } {
  return standForLeader({
    url: options.url,
    office: 'relay',
    onTrouble: options.onTrouble,
    async lead(session, isOver) {
      options.metrics.isLeader.set(1)
      try {
        await relayUntil(isOver, session, options)
      } finally {
        options.metrics.isLeader.set(0)
      }
    },
  })
}

async function relayUntil(isOver: AbortSignal, session: Sql, options: RelayOptions): Promise<void> {
  const holds = createHolds()
  const prune = pruneNowAndThen(session)
  let waitMs = WAIT_MS.max
  while (!isOver.aborted) {
    const published = await publishNext(session, holds, options)
    await prune()
    waitMs = published > 0 ? WAIT_MS.first : Math.min(waitMs * 2, WAIT_MS.max)
    if (published < BATCH_MAX) await pause(waitMs, isOver)
  }
}

/** Publishes one batch, and answers how many of its events are stored. */
async function publishNext(session: Sql, holds: Holds, options: RelayOptions): Promise<number> {
  const held = holds.now()
  if (held.length >= HELD_MAX) return 0
  const rows = await readUnpublished(session, held, BATCH_MAX)
  if (rows.length === 0) return 0
  const traceParents = rows.map(({ traceParent }) => traceParent)
  return inBatchSpan('publish a batch', traceParents, () => publish(rows, session, holds, options))
}

/** Publishes events, each in its own trace. */
async function publish(
  rows: readonly OutboxRow[],
  session: Sql,
  holds: Holds,
  { transport, metrics, onPublished, reach }: RelayOptions,
): Promise<number> {
  const batch = rows.map((row) => {
    const span = beginSpan(`publish ${row.type}`, { kind: 'PRODUCER' }, row.traceParent)
    return { row, span, event: toEnvelope({ ...row, traceParent: span?.traceParent ?? row.traceParent }) }
  })
  reach?.('relay:before-publish')
  const stored = new Set((await transport.publish(batch.map(({ event }) => event))).map(({ id }) => id))
  reach?.('relay:after-publish')
  for (const { span, event } of batch) span?.end(stored.has(event.id) ? undefined : 'NOT_STORED')
  const done = batch.filter(({ event }) => stored.has(event.id)).map(({ row }) => row)
  const failed = batch.filter(({ event }) => !stored.has(event.id)).map(({ row }) => row)
  if (done.length > 0) {
    const ids = done.map(({ id }) => id)
    await markPublished(session, ids)
  }
  for (const { streamId } of done) holds.release(streamId)
  for (const streamId of new Set(failed.map(({ streamId }) => streamId))) holds.hold(streamId)
  metrics.published.inc(done.length)
  onPublished?.(done)
  metrics.failures.inc(failed.length)
  return done.length
}

type Holds = ReturnType<typeof createHolds>

/** The streams that are held back for a while, longer with each failure. */
function createHolds() {
  const holds = new Map<string, { failures: number; until: number }>()
  return {
    now: () => [...holds].filter(([, { until }]) => until > performance.now()).map(([streamId]) => streamId),
    hold(streamId: string) {
      const failures = (holds.get(streamId)?.failures ?? 0) + 1
      holds.set(streamId, { failures, until: performance.now() + backoffMs(failures) })
    },
    release: (streamId: string) => void holds.delete(streamId),
  }
}

function pruneNowAndThen(session: Sql): () => Promise<void> {
  let dueAt = 0
  return async () => {
    if (performance.now() < dueAt) return
    const pruned = await pruneOutbox(session, PRUNED_MAX)
    if (pruned < PRUNED_MAX) dueAt = performance.now() + PRUNE_INTERVAL_MS
  }
}
