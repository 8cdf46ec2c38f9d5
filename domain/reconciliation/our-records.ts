import type { Database } from '../../prisma/client.ts'
import { toMinor } from '../money.ts'
import { partsOfKey } from '../saga/ids.ts'
import type { Ours } from './classify.ts'
import type { ReconciledStep } from './steps.ts'

/** Records on a page. */
const PAGE_RECORDS = 500

/** Where a page of our records ends: the time of its last change as PostgreSQL writes it, and its key. */
export interface Place {
  changedAt: Date
  key: string
}

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
export function createOurRecords(db: Database, { name, saga, ours }: ReconciledStep) {
  const page = `
    SELECT key, changed_at AS "changedAt" FROM (${ours}) AS ours
     WHERE (changed_at, key) > ($1::timestamptz, $2) AND changed_at < $3::timestamptz
     ORDER BY changed_at, key LIMIT ${PAGE_RECORDS}`
  const byKeys = `
    SELECT asked.key, r.key IS NOT NULL AS "hasRecord", r.amount_minor AS "amountMinor", r.currency, r.is_live AS "isLive",
           r.changed_at AS "changedAt", s.id AS "sagaId", s.status, s.updated_at AS "sagaUpdatedAt", f.state AS fence
      FROM unnest($1::text[], $2::text[]) AS asked (key, saga)
      LEFT JOIN (${ours}) AS r ON r.key = asked.key
      LEFT JOIN sagas s ON s.id = coalesce(r.saga_id, nullif(asked.saga, '')::uuid)
      LEFT JOIN step_fences f ON f.saga_id = s.id AND f.step = '${name}'`

  /** The saga that a key names: one of this kind, and this very step of it. */
  const sagaOf = (key: string): string | null => {
    const parts = partsOfKey(saga, key)
    return parts?.activity === name && UUID.test(parts.sagaId) ? parts.sagaId : null
  }

  return {
    /** The keys of a page of what has changed after a place and before a time, oldest first; fewer than 1 at the end. */
    page: (after: Place, to: Date) => db.$queryRawUnsafe<Place[]>(page, after.changedAt, after.key, to),

    /** What is known of each of these keys. */
    async byKeys(keys: readonly string[]): Promise<Map<string, Ours>> {
      if (keys.length === 0) return new Map()
      const rows = await db.$queryRawUnsafe<Row[]>(
        byKeys,
        keys,
        keys.map((key) => sagaOf(key) ?? ''),
      )
      return new Map(rows.map((row) => [row.key, viewOf(row)]))
    },
  }
}

export type OurRecords = ReturnType<typeof createOurRecords>

const viewOf = (row: Row): Ours => ({
  record: row.hasRecord
    ? {
        amountMinor: row.amountMinor === null ? null : toMinor(row.amountMinor),
        currency: row.currency,
        isLive: row.isLive,
        changedAt: row.changedAt,
      }
    : null,
  saga: row.sagaId === null ? null : { id: row.sagaId, status: row.status, updatedAt: row.sagaUpdatedAt },
  fence: row.fence,
})
