import type { Database } from '../../prisma/client.ts'
import { partsOfKey } from '../saga/ids.ts'
import type { Ours, Side } from './classify.ts'
import type { ReconciledStep } from './steps.ts'

/** Records on a page. */
const PAGE_RECORDS = 500

/** A record: its key, and the time of its last change in milliseconds since the epoch. */
export type Place = readonly [key: string, changedAt: number]

interface Row {
  key: string
  hasRecord: boolean
  amountMinor: bigint | null
  currency: string | null
  isLive: boolean
  changedAt: Date
  sagaId: string | null
  status: string
  sagaUpdatedAt: Date
  fence: string | null
}

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/

/** Reads our record of what one step did at its provider. */
export function createOurRecords(db: Database, { name, saga, ours, states }: ReconciledStep) {
  // One value of text: rows of two columns take several times as much.
  const page = `
    SELECT coalesce(json_agg(json_build_array(key, (extract(epoch FROM changed_at) * 1000)::bigint)
             ORDER BY changed_at, key), '[]')::text AS page
      FROM (SELECT key, changed_at FROM (${ours}) AS ours
             WHERE (changed_at, key) > ($1::timestamptz, $2) AND changed_at < $3::timestamptz
             ORDER BY changed_at, key LIMIT ${PAGE_RECORDS}) AS page`
  // Each key is looked up: a join would read all of the records. What is plainly the same on both sides is left out: that is nearly all of it, and `classify` agrees.
  const unlike = `
    SELECT asked.key, r.key IS NOT NULL AS "hasRecord", r.amount_minor AS "amountMinor", r.currency, r.is_live AS "isLive",
           r.changed_at AS "changedAt", s.id AS "sagaId", s.status, s.updated_at AS "sagaUpdatedAt", f.state AS fence
      FROM jsonb_array_elements($1::jsonb) AS a (row)
      CROSS JOIN LATERAL (SELECT row->>0 AS key, (row->>1)::uuid AS saga, row->>2 AS state, (row->>3)::bigint AS amount_minor,
                                 row->>4 AS currency) AS asked
      LEFT JOIN LATERAL (SELECT * FROM (${ours}) AS ours WHERE key = asked.key LIMIT 1) AS r ON true
      LEFT JOIN LATERAL (SELECT * FROM sagas WHERE id = coalesce(r.saga_id, asked.saga) LIMIT 1) AS s ON true
      LEFT JOIN LATERAL (SELECT state FROM step_fences WHERE saga_id = s.id AND step = '${name}' LIMIT 1) AS f ON true
     WHERE (CASE WHEN r.is_live THEN '${states.live}' ELSE '${states.undone}' END = asked.state
       AND r.amount_minor IS NOT DISTINCT FROM asked.amount_minor AND r.currency IS NOT DISTINCT FROM asked.currency
       AND r.key IS NOT NULL) IS NOT TRUE`

  /** The saga that a key names: one of this kind, and this very step of it. */
  const sagaOf = (key: string): string | null => {
    const parts = partsOfKey(saga, key)
    return parts?.activity === name && UUID.test(parts.sagaId) ? parts.sagaId : null
  }

  return {
    /** A page of what has changed after a place and before a time, oldest first; an empty one at the end. */
    async page([key, changedAt]: Place, to: Date): Promise<Place[]> {
      const rows = await db.$queryRawUnsafe<{ page: string }[]>(page, new Date(changedAt), key, to)
      return JSON.parse(rows[0]?.page ?? '[]') as Place[]
    },

    /** What we know of each of these keys that is not plainly what the provider says of it. */
    async unlike(
      theirs: readonly (Pick<Side, 'amountMinor' | 'currency'> & { key: string; state?: string })[],
    ) {
      if (theirs.length === 0) return new Map<string, Ours>()
      const asked = theirs.map(({ key, state, amountMinor, currency }) => [
        key,
        sagaOf(key),
        state,
        amountMinor,
        currency,
      ])
      const rows = await db.$queryRawUnsafe<Row[]>(unlike, JSON.stringify(asked))
      return new Map(rows.map((row) => [row.key, viewOf(row)]))
    },
  }
}

export type OurRecords = ReturnType<typeof createOurRecords>

/** An amount that no provider can list is none: it differs from any of theirs. */
function asAmount(amountMinor: bigint | null): number | null {
  const amount = Number(amountMinor)
  return amountMinor !== null && Number.isSafeInteger(amount) ? amount : null
}

const viewOf = (row: Row): Ours => ({
  record: row.hasRecord
    ? {
        amountMinor: asAmount(row.amountMinor),
        currency: row.currency,
        isLive: row.isLive,
        changedAt: row.changedAt,
      }
    : null,
  saga: row.sagaId === null ? null : { id: row.sagaId, status: row.status, updatedAt: row.sagaUpdatedAt },
  fence: row.fence,
})
