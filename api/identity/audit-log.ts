import type { Database } from '../../prisma/client.ts'
import { withoutSecrets } from './redact.ts'

export interface AuditFilter {
  subject?: string | undefined
  /** A method and a path, e.g. `POST /keys`. */
  action?: string | undefined
  from?: Date | undefined
  to?: Date | undefined
}

export interface AuditRecord {
  id: bigint
  at: Date
  subject: string
  action: string
  /** The path of what it was done to, or of what was made. */
  target: string
  /** Null when none was given, and when it was erased. */
  reason: string | null
  /** Null when it is not known: it is being done, or the process died meanwhile. */
  outcome: string | null
  requestId: string
}

/** Something that a principal is about to do, or was refused. */
export interface Deed extends Pick<AuditRecord, 'subject' | 'action' | 'target' | 'requestId'> {
  reason?: string | undefined
}

/** Of a target: a path may be as long as its sender likes. */
const TARGET_MAX = 200

/** The key of a page of the record. */
export const auditKey = ({ at, id }: AuditRecord): string => `${at.toISOString()} ${id}`

/** Who did what: append-only, and written before it is done. */
export function createAuditLog({ db }: { db: Database }) {
  const write = async (deed: Deed, outcome: string | null) => {
    const { subject, action, requestId } = deed
    const target = withoutSecrets(deed.target).slice(0, TARGET_MAX)
    const reason = deed.reason && withoutSecrets(deed.reason)
    const [entry] = await db.$queryRaw<{ id: bigint }[]>`
      WITH entry AS (
        INSERT INTO audit_entries (at, subject, action, target, request_id)
        VALUES (clock_timestamp(), ${subject}, ${action}, ${target}, ${requestId}) RETURNING id
      ), why AS (
        INSERT INTO audit_reasons (entry_id, reason) SELECT id, ${reason ?? null} FROM entry
         WHERE ${reason ?? null}::text IS NOT NULL
      ), ended AS (
        INSERT INTO audit_outcomes (entry_id, at, outcome) SELECT id, clock_timestamp(), ${outcome} FROM entry
         WHERE ${outcome}::text IS NOT NULL
      )
      SELECT id FROM entry`
    if (entry === undefined) throw new Error('The audit log answered no row')
    return entry.id
  }
  return {
    /** @returns its id, for its end. */
    begin: (deed: Deed): Promise<bigint> => write(deed, null),

    /** @param made the path of what was made. */
    async end(id: bigint, outcome: string, made?: string): Promise<void> {
      await db.$executeRaw`
        INSERT INTO audit_outcomes (entry_id, at, outcome, made)
        VALUES (${id}, clock_timestamp(), ${outcome}, ${made ?? null})`
    },

    /** Something that is over already. */
    note: (deed: Deed, outcome: string): Promise<bigint> => write(deed, outcome),

    /** Newest first; one more than asked for, when there is one. Each filter is walked along an index that ends with the time. */
    async list(
      { subject, action, from, to }: AuditFilter,
      { limit, after }: { limit: number; after?: string | undefined },
    ): Promise<AuditRecord[]> {
      const values: unknown[] = []
      const bind = (value: unknown, type: string) => `$${values.push(value)}::${type}`
      const [at, id] = after?.split(' ') ?? []
      const conditions = [
        'true',
        // What is not asked for is not in the statement: a plan for all filters would read the whole record.
        ...(subject === undefined ? [] : [`e.subject = ${bind(subject, 'text')}`]),
        ...(action === undefined ? [] : [`e.action = ${bind(action, 'text')}`]),
        ...(from === undefined ? [] : [`e.at >= ${bind(from, 'timestamptz')}`]),
        ...(to === undefined ? [] : [`e.at <= ${bind(to, 'timestamptz')}`]),
        ...(after === undefined
          ? []
          : [`(e.at, e.id) < (${bind(at, 'timestamptz')}, ${bind(id, 'bigint')})`]),
      ]
      return db.$queryRawUnsafe<AuditRecord[]>(
        `SELECT e.id, e.at, e.subject, e.action, coalesce(o.made, e.target) AS target, r.reason, o.outcome,
                e.request_id AS "requestId"
           FROM audit_entries e
           LEFT JOIN audit_outcomes o ON o.entry_id = e.id
           LEFT JOIN audit_reasons r ON r.entry_id = e.id
          WHERE ${conditions.join(' AND ')}
          ORDER BY e.at DESC, e.id DESC LIMIT ${bind(limit + 1, 'bigint')}`,
        ...values,
      )
    },
  }
}

export type AuditLog = ReturnType<typeof createAuditLog>
