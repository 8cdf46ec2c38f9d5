import type { Sql } from '../../events/store/sql.ts'
import { idsCreated, sagasCreated } from '../order/id-time.ts'
import { providerOf } from '../participants.ts'
import { SAGA_KINDS, type SagaKind } from '../saga/ids.ts'
import { worth } from './worth.ts'

export const TREND_BUCKETS = 12

/** `parked` now, however long ago it began; `rejected` of those that were placed within the window. */
export const FAILURE_STATES = ['parked', 'rejected'] as const
export type FailureState = (typeof FAILURE_STATES)[number]

export interface FailureFilter {
  kind?: SagaKind | undefined
  state?: FailureState | undefined
  windowHours: number
}

/** What failed alike: at one step, for one reason. */
export interface Failure {
  state: FailureState
  kind: SagaKind
  step: string
  code: string
  provider: string | null
  count: number
  firstSeenAt: Date
  lastSeenAt: Date
  amounts: { currency: string; amountMinor: number }[]
  /** How many began in each twelfth of the window, oldest first. */
  trend: number[]
}

type Row = Pick<Failure, 'kind' | 'step' | 'code' | 'count' | 'firstSeenAt' | 'lastSeenAt'> & {
  currency: string
  amountMinor: number
  /** The twelfth of the window, from 1; 0 is before it. */
  bucket: number
}

/** $1 and $2: the window; $3: the kind, or null. */
const BUCKET = `width_bucket(extract(epoch FROM seen_at), extract(epoch FROM $1::timestamptz), extract(epoch FROM $2::timestamptz), ${TREND_BUCKETS})`

const grouped = (failed: string) => `
  SELECT kind, step, code, worth.currency, least(${BUCKET}, ${TREND_BUCKETS}) AS bucket, count(*) AS count,
         min(seen_at) AS "firstSeenAt", max(seen_at) AS "lastSeenAt",
         sum(worth.amount_minor)::float8 AS "amountMinor"
    FROM (${failed}) AS failed ${worth('failed.id')}
   WHERE kind = ANY (CASE WHEN $3::text IS NULL THEN ARRAY[${SAGA_KINDS.map((kind) => `'${kind}'`).join(', ')}] ELSE ARRAY[$3::text] END)
     AND worth.currency IS NOT NULL
   GROUP BY 1, 2, 3, 4, 5`

const KIND = `split_part(s.definition, '@', 1) AS kind`

const STATEMENTS: Record<FailureState, string> = {
  parked: grouped(`
    SELECT s.id, ${KIND}, f.step, coalesce(f.parked_error, 'UNKNOWN') AS code, f.parked_at AS seen_at
      FROM step_fences f CROSS JOIN LATERAL (SELECT * FROM sagas WHERE id = f.saga_id LIMIT 1) s
     WHERE f.parked_at IS NOT NULL`),
  rejected: grouped(
    sagasCreated(
      `s.id, ${KIND}, s.reason_step AS step, s.reason_code AS code, s.updated_at AS seen_at`,
      // A return that was refused, or has expired, has not failed.
      `s.status = 'rejected' AND s.definition NOT LIKE 'return@%'`,
      '$4',
    ),
  ),
}

const HOUR_MS = 3_600_000

/** Failures of all sagas by what they have in common: there are as many as steps and codes, however many failed. */
export function createFailures({ db }: { db: Sql }) {
  return {
    /** The parked ones first, of each state the most frequent first. */
    async list({ kind, state, windowHours }: FailureFilter): Promise<{ asOf: Date; data: Failure[] }> {
      const [now] = await db.query<{ asOf: Date }>('SELECT clock_timestamp() AS "asOf"')
      if (now === undefined) throw new Error('The database did not say what time it is')
      const { asOf } = now
      const since = new Date(asOf.getTime() - windowHours * HOUR_MS)
      const values = {
        parked: [since, asOf, kind ?? null],
        rejected: [since, asOf, kind ?? null, idsCreated({ createdFrom: since })[0]],
      }
      const data: Failure[] = []
      for (const each of state === undefined ? FAILURE_STATES : [state])
        data.push(...merge(each, await db.query<Row>(STATEMENTS[each], values[each])))
      return { asOf, data }
    },
  }
}

/** One failure of the rows that differ in currency and time alone. */
function merge(state: FailureState, rows: readonly Row[]): Failure[] {
  const failures = new Map<string, Failure>()
  for (const { kind, step, code, count, firstSeenAt, lastSeenAt, currency, amountMinor, bucket } of rows) {
    const key = `${kind} ${step} ${code}`
    const failure = failures.get(key) ?? {
      state,
      kind,
      step,
      code,
      provider: providerOf(step),
      count: 0,
      firstSeenAt,
      lastSeenAt,
      amounts: [],
      trend: Array.from({ length: TREND_BUCKETS }, () => 0),
    }
    failures.set(key, failure)
    failure.count += count
    if (firstSeenAt < failure.firstSeenAt) failure.firstSeenAt = firstSeenAt
    if (lastSeenAt > failure.lastSeenAt) failure.lastSeenAt = lastSeenAt
    const amount = failure.amounts.find((known) => known.currency === currency)
    if (amount === undefined) failure.amounts.push({ currency, amountMinor })
    else amount.amountMinor += amountMinor
    if (bucket > 0) failure.trend[bucket - 1] = (failure.trend[bucket - 1] ?? 0) + count
  }
  return [...failures.values()].toSorted((a, b) => b.count - a.count)
}
