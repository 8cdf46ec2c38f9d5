import type { Operator } from '../../events/store/operator.ts'
import type { Database } from '../../prisma/client.ts'
import type { DifferenceClass, Side } from './classify.ts'

/** What a run has found about a key. */
export interface Finding {
  key: string
  sagaId: string | null
  class: DifferenceClass
  ours: Side | null
  theirs: Side | null
  /** Its saga is still at it: it is looked at again, and does not count as seen. */
  isDeferred: boolean
}

/** Who works on which part of which run: what another process has taken over is not written any more. */
export interface PartClaim {
  runId: string
  step: string
  claim: string
}

export const DIFFERENCE_STATES = ['open', 'settled', 'gone'] as const
export type DifferenceState = (typeof DIFFERENCE_STATES)[number]

export interface Difference {
  id: string
  class: DifferenceClass
  provider: string
  step: string
  key: string
  sagaId: string | null
  /** The kind of saga, where there is one. */
  sagaKind: string | null
  ours: Side | null
  theirs: Side | null
  state: DifferenceState
  firstSeen: Date
  lastSeen: Date
  settledAt: Date | null
  settledBy: string | null
  settledBecause: string | null
}

/** Differences that are not settled and were not met in the window are looked up again: so many in one run at most. */
export const RECHECKED_MAX = 1000

const KEPT_DAYS = 90

const IS_MINE = `EXISTS (SELECT FROM reconciliation_parts
  WHERE run_id = $1::uuid AND step = $2 AND claim = $3::uuid AND state = 'waiting')`

/**
 * Writes findings down. Seen by this run for the first time, it is 'seen'; the next run that finds the same class makes it
 * 'open'. One that is settled stays so while nothing of it has changed.
 */
const NOTE = `
  INSERT INTO reconciliation_differences AS d
         (step, provider, key, saga_id, class, ours, theirs, state, first_seen, last_seen, last_run)
  SELECT $2, $4, f.key, f."sagaId", f.class, nullif(f.ours, 'null'), nullif(f.theirs, 'null'),
         CASE WHEN f."isDeferred" THEN 'deferred' ELSE 'seen' END, clock_timestamp(), clock_timestamp(), $1::uuid
    FROM jsonb_to_recordset($5::jsonb) AS f (key text, "sagaId" uuid, class text, ours jsonb, theirs jsonb, "isDeferred" boolean)
    LEFT JOIN LATERAL (
      SELECT class, ours, theirs FROM reconciliation_differences
       WHERE step = $2 AND key = f.key AND state = 'settled' ORDER BY settled_at DESC LIMIT 1) s ON true
   WHERE ${IS_MINE} AND (
     s.class IS NULL OR s.class <> f.class OR s.ours IS DISTINCT FROM nullif(f.ours, 'null')
     OR s.theirs IS DISTINCT FROM nullif(f.theirs, 'null')
     OR EXISTS (SELECT FROM reconciliation_differences WHERE step = $2 AND key = f.key AND state <> 'settled'))
  ON CONFLICT (step, key) WHERE state <> 'settled' DO UPDATE SET
    saga_id = excluded.saga_id, class = excluded.class, ours = excluded.ours, theirs = excluded.theirs,
    last_seen = excluded.last_seen, last_run = excluded.last_run,
    first_seen = CASE WHEN d.state IN ('deferred', 'gone') OR (d.state = 'seen' AND d.class <> excluded.class)
      THEN excluded.first_seen ELSE d.first_seen END,
    state = CASE
      WHEN d.state = 'open' THEN 'open'
      WHEN excluded.state = 'deferred' THEN 'deferred'
      WHEN d.state = 'seen' AND d.class = excluded.class AND d.last_run <> excluded.last_run THEN 'open'
      ELSE 'seen' END`

/** Both sides agree: what was not confirmed is forgotten, and what was open is gone. */
const AGREED = `
  WITH agreed AS (
    SELECT id, state FROM reconciliation_differences
     WHERE step = $2 AND key = ANY ($4::text[]) AND state IN ('deferred', 'seen', 'open') AND ${IS_MINE}
  ), forgotten AS (
    DELETE FROM reconciliation_differences d USING agreed WHERE d.id = agreed.id AND agreed.state <> 'open'
  ) UPDATE reconciliation_differences d SET state = 'gone', last_seen = clock_timestamp(), last_run = $1::uuid
      FROM agreed WHERE d.id = agreed.id AND agreed.state = 'open'`

/** Seen by a run before, and still so. */
const STAND = `
  UPDATE reconciliation_differences SET last_seen = clock_timestamp(), last_run = $1::uuid,
         state = CASE state WHEN 'seen' THEN 'open' ELSE state END
   WHERE step = $2 AND key = ANY ($4::text[]) AND state IN ('seen', 'open') AND last_run <> $1::uuid AND ${IS_MINE}`

const UNMET = `
  SELECT key FROM reconciliation_differences
   WHERE step = $1 AND state IN ('deferred', 'seen', 'open') AND last_run <> $2::uuid
   ORDER BY last_seen LIMIT ${RECHECKED_MAX}`

const COLUMNS = `
  d.id, d.class, d.provider, d.step, d.key, d.saga_id AS "sagaId", split_part(s.definition, '@', 1) AS "sagaKind", d.ours,
  d.theirs, d.state, d.first_seen AS "firstSeen", d.last_seen AS "lastSeen", d.settled_at AS "settledAt",
  a.actor AS "settledBy", r.reason AS "settledBecause"`
const SOURCES = `
  reconciliation_differences d LEFT JOIN sagas s ON s.id = d.saga_id
  LEFT JOIN operator_actions a ON a.difference_id = d.id LEFT JOIN operator_reasons r ON r.action_id = a.id`

/** The newest of one state, along its index. $1 is how many; $2 and $3 are the difference before which they are. */
const walkOf = (state: DifferenceState, isContinued: boolean): string => `
  (SELECT ${COLUMNS} FROM ${SOURCES} WHERE d.state = '${state}'
     ${isContinued ? 'AND (d.first_seen, d.id) < ($2::timestamptz, $3::uuid)' : ''}
    ORDER BY d.first_seen DESC, d.id DESC LIMIT $1::bigint)`

export function createDifferences({ db }: { db: Database }) {
  return {
    async note({ runId, step, claim }: PartClaim, provider: string, findings: readonly Finding[]) {
      if (findings.length === 0) return
      // One statement writes a key once: of a key that is listed twice, the later change counts.
      const last = new Map(findings.map((finding) => [finding.key, finding]))
      await db.$executeRawUnsafe(NOTE, runId, step, claim, provider, JSON.stringify([...last.values()]))
    },

    async agreed({ runId, step, claim }: PartClaim, keys: readonly string[]): Promise<void> {
      if (keys.length === 0) return
      await db.$executeRawUnsafe(AGREED, runId, step, claim, keys)
    },

    /** A key that cannot be looked up differs until a person settles it: no key of ours is such a one. */
    async stand({ runId, step, claim }: PartClaim, keys: readonly string[]): Promise<void> {
      if (keys.length === 0) return
      await db.$executeRawUnsafe(STAND, runId, step, claim, keys)
    },

    /** Keys of differences that are not settled, and that this run has not met: the longest unseen first. */
    async unmet({ step, runId }: Pick<PartClaim, 'step' | 'runId'>): Promise<string[]> {
      return (await db.$queryRawUnsafe<{ key: string }[]>(UNMET, step, runId)).map(({ key }) => key)
    },

    /** Newest first; one more than asked for, when there is one. `after` is a key of `differenceKey`. */
    list: (
      state: DifferenceState | undefined,
      { limit, after }: { limit: number; after?: string | undefined },
    ) => {
      const states: readonly DifferenceState[] = state === undefined ? ['open', 'settled'] : [state]
      return db.$queryRawUnsafe<Difference[]>(
        `SELECT * FROM (${states.map((each) => walkOf(each, after !== undefined)).join(' UNION ALL ')}) AS found
          ORDER BY "firstSeen" DESC, id DESC LIMIT $1::bigint`,
        limit + 1,
        ...(after?.split(' ') ?? []),
      )
    },

    async find(id: string): Promise<Difference | undefined> {
      const sql = `SELECT ${COLUMNS} FROM ${SOURCES} WHERE d.id = $1::uuid AND d.state IN ('open', 'settled', 'gone')`
      return (await db.$queryRawUnsafe<Difference[]>(sql, id))[0]
    },

    /** A person has dealt with it, once, while it is open. It mends nothing. */
    async settle(id: string, { actor, reason }: Operator): Promise<void> {
      await db.$executeRaw`
        WITH found AS MATERIALIZED (
          SELECT id, step, saga_id, class, ours, theirs, state FROM reconciliation_differences
           WHERE id = ${id}::uuid AND state = 'open' FOR UPDATE
        ), settled AS (
          UPDATE reconciliation_differences d SET state = 'settled', settled_at = clock_timestamp()
            FROM found WHERE d.id = found.id
        ) INSERT INTO operator_actions (at, actor, action, difference_id, saga_id, step, reason, before, after)
          SELECT clock_timestamp(), ${actor}, 'settle', id, (SELECT s.id FROM sagas s WHERE s.id = found.saga_id), step,
                 ${reason}, to_jsonb(found) - 'id' - 'saga_id', '{"state": "settled"}' FROM found`
    },

    /** What is gone for long, and runs that are long over. `now()` is the same for all rows, so that an index finds them. */
    async prune(): Promise<void> {
      await db.$executeRaw`
        DELETE FROM reconciliation_differences
         WHERE state = 'gone' AND last_seen < now() - make_interval(days => ${KEPT_DAYS}::integer)`
      await db.$executeRaw`
        DELETE FROM reconciliation_runs
         WHERE ended_at < now() - make_interval(days => ${KEPT_DAYS}::integer)`
    },
  }
}

export type Differences = ReturnType<typeof createDifferences>

/** Orders the list: the time first. */
export const differenceKey = ({ firstSeen, id }: Difference): string => `${firstSeen.toISOString()} ${id}`
