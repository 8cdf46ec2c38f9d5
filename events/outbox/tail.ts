import type { Database } from '../../prisma/client.ts'
import { inTrace } from '../../tracing.ts'
import { shareRuns } from '../share-runs.ts'
import { toShownEvent, type StoredEvent } from '../store/event.ts'

const INTERVAL_MS = 200

const BATCH_MAX = 200

/**
 * Ids are drawn before a commit: one that is missing may still appear, for as long as a transaction can last. So many
 * are waited for, the newest ones.
 */
const LATE_MAX_MS = 30_000
const LATE_MAX = 1000

export interface TailEvent extends StoredEvent {
  id: bigint
}

type Listener = (events: readonly TailEvent[]) => void

export interface Listening {
  /**
   * What was before, after an id, in pages: with what comes later, every event once, as long as its outbox row is kept.
   */
  before: (afterId: bigint) => AsyncGenerator<readonly TailEvent[]>
  stop: () => void
}

export interface TailOptions {
  db: Pick<Database, '$queryRaw'>
  /** Called with what went wrong and will be tried again. `what` is a constant text, for the log. */
  onTrouble: (what: string, error: unknown) => void
}

/**
 * Follows the events of all streams for everybody who listens in this process: one query per interval however many they
 * are, and none while nothing listens. In order within a stream. For people who watch: what must not be missed goes by
 * the relay.
 */
export function createTail({ db, onTrouble }: TailOptions) {
  const listeners = new Set<Listener>()
  let newest = 0n
  /** Ids below the newest that have not appeared, and when each was found to be missing. */
  const missing = new Map<bigint, number>()
  let started: Promise<void> | undefined

  /** Ids between the newest and this one are waited for. */
  const reach = (id: bigint) => {
    const from = id - BigInt(LATE_MAX)
    for (let each = from > newest ? from : newest + 1n; each < id; each += 1n)
      missing.set(each, performance.now())
    newest = id
  }

  const start = async () => {
    const rows = await db.$queryRaw<
      { id: bigint }[]
    >`SELECT id FROM outbox ORDER BY id DESC LIMIT ${LATE_MAX}`
    missing.clear()
    newest = (rows.at(-1)?.id ?? 1n) - 1n
    for (const { id } of rows.toReversed()) reach(id)
    // It goes on for all that listen, and not for the request of the first.
    inTrace(undefined, () => setTimeout(() => void goOn(), INTERVAL_MS))
  }

  /** @returns how many there were. */
  const look = shareRuns(async () => {
    const rows = await readNew(db, newest, [...missing.keys()])
    for (const { id } of rows) if (!missing.delete(id)) reach(id)
    forget(missing)
    const events = rows.map((row) => toShownEvent(row))
    if (events.length > 0) for (const listener of listeners) listener(events)
    return events.length
  })

  const goOn = async () => {
    if (listeners.size === 0) {
      started = undefined
      return
    }
    const found = await look().catch((error: unknown) => {
      onTrouble('streams cannot look for news, will look again', error)
      return 0
    })
    setTimeout(() => void goOn(), found < BATCH_MAX ? INTERVAL_MS : 0)
  }

  return {
    /** Calls `listener` with what appears from now on. @throws when the database does not answer. */
    async listen(listener: Listener): Promise<Listening> {
      // Who is about to listen keeps it going, too.
      const joining = () => undefined
      listeners.add(joining)
      try {
        started ??= start().catch((error: unknown) => {
          started = undefined
          throw error
        })
        await started
        // What happened before is not sent, however long ago the last look was.
        await look()
        listeners.add(listener)
      } finally {
        listeners.delete(joining)
      }
      const sent = { upTo: newest, except: [...missing.keys()] }
      return {
        before: (afterId) => readBefore(db, afterId, sent),
        stop: () => void listeners.delete(listener),
      }
    },

    /** Whether all events after this id are still kept. */
    async isKept(afterId: bigint): Promise<boolean> {
      const [row] = await db.$queryRaw<{ oldest: bigint }[]>`
        SELECT coalesce(min(id), pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')::regclass) + 1, 1) AS oldest
          FROM outbox`
      return row === undefined || row.oldest <= afterId + 1n
    },
  }
}

export type Tail = ReturnType<typeof createTail>

/** An id that was drawn by a transaction that was rolled back never appears. */
function forget(missing: Map<bigint, number>): void {
  const since = performance.now() - LATE_MAX_MS
  for (const [id, at] of missing) if (at < since || missing.size > LATE_MAX) missing.delete(id)
}

const readNew = (db: Pick<Database, '$queryRaw'>, newest: bigint, missing: readonly bigint[]) =>
  db.$queryRaw<TailEvent[]>`
    SELECT o.id, e.stream_id AS "streamId", e.version, e.type, e.schema_version AS "schemaVersion", e.data,
           e.recorded_at AS "recordedAt"
      FROM ((SELECT * FROM outbox WHERE id > ${newest} ORDER BY id LIMIT ${BATCH_MAX})
            UNION ALL SELECT * FROM outbox WHERE id = ANY(${missing}::bigint[])) o
      JOIN events e USING (stream_id, version) ORDER BY o.id`

async function* readBefore(
  db: Pick<Database, '$queryRaw'>,
  afterId: bigint,
  { upTo, except }: { upTo: bigint; except: readonly bigint[] },
): AsyncGenerator<readonly TailEvent[]> {
  let after = afterId
  for (;;) {
    const rows = await db.$queryRaw<TailEvent[]>`
      SELECT o.id, e.stream_id AS "streamId", e.version, e.type, e.schema_version AS "schemaVersion", e.data,
             e.recorded_at AS "recordedAt"
        FROM outbox o JOIN events e USING (stream_id, version)
       WHERE o.id > ${after} AND o.id <= ${upTo} AND o.id <> ALL(${except}::bigint[])
       ORDER BY o.id LIMIT ${BATCH_MAX}`
    if (rows.length > 0) yield rows.map((row) => toShownEvent(row))
    const last = rows.at(-1)
    if (last === undefined || rows.length < BATCH_MAX) return
    after = last.id
  }
}
