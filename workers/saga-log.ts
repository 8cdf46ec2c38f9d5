import type { Logger } from 'pino'
import { criticalPath, type Moment } from '../domain/operations/critical-path.ts'
import { logFieldsOf } from '../domain/saga/ids.ts'
import type { OutboxRow } from '../events/outbox/outbox.ts'
import type { Sql } from '../events/store/sql.ts'
import { describeError } from '../logger.ts'
import { recordedTraceId } from '../tracing.ts'
import { endOf, type SagaEnd } from '../domain/operations/saga-ends.ts'

/** Sagas whose events are read at once, and those that may wait for it: a relay that makes up for hours logs no more. */
const READ_AT_ONCE = 50
const WAITING_MAX = 2000

type Ended = SagaEnd & Pick<OutboxRow, 'streamId' | 'version' | 'traceParent'>

const EVENTS = `
  SELECT stream_id AS "streamId", version, type, data->>'step' AS step, recorded_at AS "recordedAt"
    FROM events WHERE stream_id = ANY ($1::text[]) ORDER BY stream_id, version`

/**
 * Logs a line for each saga that is decided: how it ended, and where its time went. Given the events that the relay has
 * published; it keeps none of them waiting, and what it cannot read it does not log.
 */
export function createSagaLog({ db, log }: { db: Sql; log: Logger }) {
  const waiting: Ended[] = []
  let writing: Promise<void> | undefined
  let dropped = 0

  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const ended = waiting.splice(0, READ_AT_ONCE)
      try {
        await logEnds(ended, { db, log })
      } catch (error) {
        log.warn(
          { count: ended.length, error: describeError(error) },
          'the ends of sagas could not be logged',
        )
      }
    }
    if (dropped > 0) log.warn({ count: dropped }, 'too many sagas ended at once to log them all')
    dropped = 0
    writing = undefined
  }

  return {
    onPublished(events: readonly OutboxRow[]): void {
      for (const event of events) {
        const end = endOf(event)
        if (end === undefined) continue
        if (waiting.length >= WAITING_MAX) dropped += 1
        else waiting.push({ ...event, ...end })
      }
      if (waiting.length > 0) writing ??= write()
    },
    /** Resolves when what waits is logged. */
    settled: async (): Promise<void> => writing,
  }
}

async function logEnds(ended: readonly Ended[], { db, log }: { db: Sql; log: Logger }): Promise<void> {
  const rows = await db.query<Moment & { streamId: string; version: number }>(EVENTS, [
    ended.map(({ streamId }) => streamId),
  ])
  for (const { streamId, version, traceParent, kind, outcome, code } of ended) {
    const moments = rows.filter((row) => row.streamId === streamId && row.version <= version)
    const [first, last] = [moments[0], moments.at(-1)]
    if (first === undefined || last === undefined) continue
    const traceId = recordedTraceId(traceParent)
    log.info(
      {
        ...logFieldsOf(streamId),
        ...(traceId === undefined ? {} : { traceId }),
        outcome,
        ...(code === undefined ? {} : { code }),
        tookMs: last.recordedAt.getTime() - first.recordedAt.getTime(),
        wentTo: criticalPath(moments),
      },
      `${kind} ${outcome}`,
    )
  }
}
