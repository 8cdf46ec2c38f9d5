import type { Database } from '../../prisma/client.ts'
import type { ProviderName } from '../../providers.ts'
import type { Window } from '../provider/listing.ts'
import type { PartClaim } from './differences.ts'
import type { ReconciledStep } from './steps.ts'

/** A window of a request, in minutes: a year, and a day. */
export const WINDOW_MINUTES_MAX = 366 * 24 * 60

/** Runs that wait at once at most; one request more joins the last of them. */
const WAITING_MAX = 10

/** A process that does a part has it for itself for so long, and says so again much sooner. */
const CLAIM_SECONDS = 30

/** How often a part is begun, and the pauses between: doubled each time. After the last one it has failed. */
const ATTEMPTS = { max: 8, pauseSeconds: 10, pauseMaxSeconds: 300 }

/** Runs that reach back to what is covered overlap with it by this much. */
const OVERLAP_MINUTES = 60

/** How far back a run looks at least that is asked for without a window: a day, and an hour to overlap. */
const WINDOW_MINUTES = 1500

/** When a run begins by itself. */
export interface Schedule {
  /** Each day at this time of UTC, as `HH:MM`; `off` for never. */
  at: string
  /** Instead of that, so many minutes after the run before. */
  everyMinutes?: number | undefined
  windowMinutes: number
}

/** A time of day for the schedule; null when no run begins by itself. */
function timeOf({ at, everyMinutes }: Pick<Schedule, 'at' | 'everyMinutes'>): string | null {
  if (at !== 'off') return at
  return everyMinutes === undefined ? null : '00:00'
}

/** What a part came to so far. */
export interface Counts {
  theirs: number
  ours: number
  found: number
  calls: number
}

/** A part that this process has for itself. */
export interface ClaimedPart extends PartClaim {
  provider: ProviderName
}

export type RunState = 'waiting' | 'running' | 'ended' | 'failed'

export interface Run {
  id: string
  state: RunState
  requestedBy: string
  requestedAt: Date
  windowMinutes: number
  windowTo: Date | null
  endedAt: Date | null
  parts: (Counts & {
    step: string
    provider: string
    state: 'waiting' | 'ended' | 'failed'
    trouble: string | null
  })[]
}

/** The minutes back to what is covered without a gap: `atLeast`, and a year at most. */
const minutesToCovered = (atLeast: string) => `(
  SELECT least(${WINDOW_MINUTES_MAX}, greatest(${atLeast}::integer,
           ${OVERLAP_MINUTES} + ceil(extract(epoch FROM clock_timestamp() - covered_to) / 60)::integer))
    FROM reconciliation_schedule)`

/** The parts of the run that the same statement has made: $1 are the steps, $2 their providers. */
const PARTS_OF_MADE = `
  INSERT INTO reconciliation_parts (run_id, step, provider)
  SELECT id, step, provider FROM made, unnest($1::text[], $2::text[]) AS s (step, provider)`

/** Of many that wait, the last is to look back as far as is asked for, too. $1: minutes, or null. */
const JOIN_LAST = `
  UPDATE reconciliation_runs
     SET window_minutes = greatest(window_minutes, coalesce($1::integer, ${minutesToCovered(`${WINDOW_MINUTES}`)}))
   WHERE id = (SELECT id FROM reconciliation_runs r WHERE state = 'waiting' AND EXISTS (
                 SELECT FROM reconciliation_parts WHERE run_id = r.id AND state = 'waiting')
                ORDER BY requested_at DESC, id DESC LIMIT 1)
     AND state = 'waiting'
     AND (SELECT count(*) FROM reconciliation_runs WHERE state = 'waiting') >= ${WAITING_MAX}
  RETURNING id`

/** $3: who asks. $4: minutes, or null. */
const MAKE = `
  WITH made AS (
    INSERT INTO reconciliation_runs (id, requested_by, requested_at, window_minutes)
    VALUES (gen_random_uuid(), $3, clock_timestamp(), coalesce($4::integer, ${minutesToCovered(`${WINDOW_MINUTES}`)}))
    RETURNING id
  ), parts AS (${PARTS_OF_MADE}) SELECT id FROM made`

/** When it is, and when the next run is due: `time` is a time of day; instead of that, `minutes` after the last, or null. */
const clock = (time: string, minutes: string) => `
  SELECT now AS at, CASE WHEN ${minutes}::integer IS NOT NULL THEN now + make_interval(mins => ${minutes}::integer)
           ELSE today + CASE WHEN today <= now THEN interval '1 day' ELSE interval '0' END END AS next
    FROM (SELECT clock_timestamp() AS now,
                 (date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC') + ${time}::text::time) AT TIME ZONE 'UTC' AS today) AS c`

/** Whether the schedule is to be looked at. */
const IS_OFF_SCHEDULE = 's.due_at IS NULL OR s.due_at > clock.next OR s.due_at <= clock.at'

/** $1 and $2 as in `clock`, both null when there is no schedule. */
const LOOK = `
  SELECT EXISTS (SELECT FROM reconciliation_schedule s, (${clock('$1', '$2')}) AS clock
           WHERE CASE WHEN $1::text IS NULL THEN s.due_at IS NOT NULL ELSE ${IS_OFF_SCHEDULE} END)
      OR EXISTS (SELECT FROM reconciliation_runs WHERE state IN ('waiting', 'running')) AS "hasWork"`

/** $3: the time of day. $4: instead of that, minutes between two runs, or null. $5: minutes to look back at least. */
const MAKE_DUE = `
  WITH clock AS MATERIALIZED (${clock('$3', '$4')}
  ), looked AS (
    UPDATE reconciliation_schedule s SET due_at = clock.next FROM clock, reconciliation_schedule was
     WHERE ${IS_OFF_SCHEDULE}
    RETURNING was.due_at <= clock.at AS is_due
  ), made AS (
    INSERT INTO reconciliation_runs (id, requested_by, requested_at, window_minutes)
    SELECT gen_random_uuid(), 'schedule', clock_timestamp(), ${minutesToCovered('$5')}
      FROM looked WHERE is_due AND NOT EXISTS (SELECT FROM reconciliation_runs WHERE state = 'waiting')
    RETURNING id
  ) ${PARTS_OF_MADE}`

/** The runs of reconciliation, and who does which part of them. */
export function createRuns({ db, steps }: { db: Database; steps: readonly ReconciledStep[] }) {
  const [names, providers] = [steps.map(({ name }) => name), steps.map(({ provider }) => provider)]

  return {
    /** Asks for a run. Without a window it reaches back to what is covered, a day at least. @returns its id. */
    async request(by: string, minutes?: number): Promise<string> {
      const [joined] = await db.$queryRawUnsafe<{ id: string }[]>(JOIN_LAST, minutes ?? null)
      if (joined !== undefined) return joined.id
      const [made] = await db.$queryRawUnsafe<{ id: string }[]>(MAKE, names, providers, by, minutes ?? null)
      if (made === undefined) throw new Error('The run was not written')
      return made.id
    },

    /** Whether a run is due by itself, waits or is in progress: one statement, which is all while there is none. */
    async hasWork({ at, everyMinutes }: Schedule): Promise<boolean> {
      const [row] = await db.$queryRawUnsafe<{ hasWork: boolean }[]>(
        LOOK,
        timeOf({ at, everyMinutes }),
        everyMinutes ?? null,
      )
      return row?.hasWork ?? false
    },

    /**
     * Asks for the run that is due by itself, in whichever process looks first. One that was due while nothing ran is
     * made up for; its window reaches back to the time that is covered without a gap.
     */
    async requestDue({ at, everyMinutes, windowMinutes }: Schedule): Promise<void> {
      const time = timeOf({ at, everyMinutes })
      if (time === null) {
        await db.$executeRaw`UPDATE reconciliation_schedule SET due_at = NULL WHERE due_at IS NOT NULL`
        return
      }
      await db.$executeRawUnsafe(MAKE_DUE, names, providers, time, everyMinutes ?? null, windowMinutes)
    },

    /**
     * Takes the next part at one of these providers for this process. Parts of one step come one run after the other: what
     * a run has seen is there when the next one looks.
     */
    async claim(served: readonly ProviderName[]): Promise<ClaimedPart | undefined> {
      const [part] = await db.$queryRaw<ClaimedPart[]>`
        UPDATE reconciliation_parts p SET claim = gen_random_uuid(), attempts = attempts + 1,
               claimed_until = clock_timestamp() + make_interval(secs => ${CLAIM_SECONDS}::integer)
          FROM (SELECT p.run_id, p.step FROM reconciliation_parts p
                  JOIN reconciliation_runs r ON r.id = p.run_id
                 WHERE p.state = 'waiting' AND p.claimed_until <= clock_timestamp() AND p.provider = ANY (${[...served]}::text[])
                   AND p.step = ANY (${names}::text[])
                   AND NOT EXISTS (SELECT FROM reconciliation_parts q JOIN reconciliation_runs e ON e.id = q.run_id
                     WHERE q.step = p.step AND q.state = 'waiting' AND (e.requested_at, e.id) < (r.requested_at, r.id))
                 ORDER BY r.requested_at, r.id, p.step LIMIT 1 FOR UPDATE OF p SKIP LOCKED) AS next
         WHERE p.run_id = next.run_id AND p.step = next.step
        RETURNING p.run_id AS "runId", p.step, p.claim, p.provider`
      return part
    },

    /** Closes the window of a run, once for all its parts. @returns the window. */
    async begin(runId: string, afterSeconds: number): Promise<Window> {
      await db.$executeRaw`
        UPDATE reconciliation_runs SET state = 'running',
               window_to = clock_timestamp() - make_interval(secs => ${afterSeconds}::float8)
         WHERE id = ${runId}::uuid AND state = 'waiting'`
      const { windowTo, windowMinutes } = await db.reconciliationRun.findUniqueOrThrow({
        where: { id: runId },
        select: { windowTo: true, windowMinutes: true },
      })
      if (windowTo === null) throw new Error('The window is not closed')
      return { from: new Date(+windowTo - windowMinutes * 60_000), to: windowTo }
    },

    /** Says that this process is still at it. @returns whether it is its own still. */
    async extend(
      { runId, step, claim }: PartClaim,
      { theirs, ours, found, calls }: Counts,
    ): Promise<boolean> {
      const extended = await db.$executeRaw`
        UPDATE reconciliation_parts SET theirs = ${theirs}, ours = ${ours}, found = ${found}, calls = ${calls},
               claimed_until = clock_timestamp() + make_interval(secs => ${CLAIM_SECONDS}::integer)
         WHERE run_id = ${runId}::uuid AND step = ${step} AND claim = ${claim}::uuid AND state = 'waiting'`
      return extended > 0
    },

    async end({ runId, step, claim }: PartClaim): Promise<void> {
      await db.$executeRaw`
        UPDATE reconciliation_parts SET state = 'ended', claim = NULL, trouble = NULL
         WHERE run_id = ${runId}::uuid AND step = ${step} AND claim = ${claim}::uuid`
    },

    /** It is begun again after a pause; after the last attempt it has failed. @param trouble a class of error. */
    async giveUp({ runId, step, claim }: PartClaim, trouble: string, isForGood: boolean): Promise<void> {
      await db.$executeRaw`
        UPDATE reconciliation_parts SET claim = NULL, trouble = ${trouble},
               state = CASE WHEN ${isForGood} OR attempts >= ${ATTEMPTS.max}::integer THEN 'failed' ELSE 'waiting' END,
               claimed_until = clock_timestamp() + make_interval(secs => least(${ATTEMPTS.pauseMaxSeconds}::integer,
                 ${ATTEMPTS.pauseSeconds}::integer * 2 ^ (attempts - 1)))
         WHERE run_id = ${runId}::uuid AND step = ${step} AND claim = ${claim}::uuid`
    },

    /** Another process may begin it again at once. */
    async leave({ runId, step, claim }: PartClaim): Promise<void> {
      await db.$executeRaw`
        UPDATE reconciliation_parts SET claim = NULL, attempts = attempts - 1, claimed_until = clock_timestamp()
         WHERE run_id = ${runId}::uuid AND step = ${step} AND claim = ${claim}::uuid`
    },

    /**
     * Ends the runs whose parts are over, also one that no part of could begin. What is covered goes on by those that
     * leave no gap behind them: a short run by hand covers nothing of an outage before it. @returns how each of them ended.
     */
    async finish(): Promise<('ended' | 'failed')[]> {
      const rows = await db.$queryRaw<{ state: 'ended' | 'failed' }[]>`
        WITH finished AS (
        UPDATE reconciliation_runs r SET ended_at = clock_timestamp(), state = CASE WHEN EXISTS (
                 SELECT FROM reconciliation_parts WHERE run_id = r.id AND state = 'failed') THEN 'failed' ELSE 'ended' END
         WHERE state IN ('waiting', 'running') AND NOT EXISTS (
           SELECT FROM reconciliation_parts WHERE run_id = r.id AND state = 'waiting')
        RETURNING state, requested_at, window_minutes, window_to
        ), covered AS (
          UPDATE reconciliation_schedule s
             SET covered_to = greatest(s.covered_to, c.window_to), covered_at = greatest(s.covered_at, c.requested_at)
            FROM (SELECT max(f.window_to) AS window_to, max(f.requested_at) AS requested_at
                    FROM finished f, reconciliation_schedule m
                   WHERE f.state = 'ended' AND (m.covered_to IS NULL OR f.window_minutes >= ${WINDOW_MINUTES_MAX}::integer
                      OR f.window_to - make_interval(mins => f.window_minutes) <= m.covered_to)) AS c
           WHERE c.window_to IS NOT NULL
        ) SELECT state FROM finished`
      return rows.map(({ state }) => state)
    },

    /** When the last run ended that has compared everything; null before any. */
    async lastRunAt(): Promise<Date | null> {
      const { _max } = await db.reconciliationRun.aggregate({
        where: { state: 'ended' },
        _max: { endedAt: true },
      })
      return _max.endedAt
    },

    /** The newest runs, with what each part came to. */
    newest: (limit: number): Promise<Run[]> =>
      db.reconciliationRun.findMany({
        orderBy: [{ requestedAt: 'desc' }, { id: 'desc' }],
        take: limit,
        include: {
          parts: {
            orderBy: { step: 'asc' },
            select: {
              step: true,
              provider: true,
              state: true,
              trouble: true,
              theirs: true,
              ours: true,
              found: true,
              calls: true,
            },
          },
        },
      }) as unknown as Promise<Run[]>,
  }
}

export type Runs = ReturnType<typeof createRuns>
