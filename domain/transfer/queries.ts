import { MAX } from 'uuid'
import type { Database } from '../../prisma/client.ts'
import { isTerminal, type SagaStatus } from '../saga/status.ts'

/** Bounds of a list: all of it must be so. */
export interface TransferFilter {
  status?: SagaStatus | undefined
  /** The source or the destination. */
  accountId?: string | undefined
}

/** The newest transfers with something: $1 is the id before which they are, $2 how many, $3 their status or null. */
const walk = (where: string) => `
  (SELECT t.id FROM transfers t
     CROSS JOIN LATERAL (SELECT FROM sagas s WHERE s.id = t.id AND ($3::text IS NULL OR s.status = $3) LIMIT 1) AS its
    WHERE t.id < $1::uuid AND ${where} ORDER BY t.id DESC LIMIT $2::bigint)`

/** Of a status that is not the last: few of many. */
const WALK_OPEN = `
  (SELECT t.id FROM sagas s CROSS JOIN LATERAL (SELECT id FROM transfers WHERE id = s.id LIMIT 1) AS t
    WHERE s.status = $3::text AND s.id < $1::uuid ORDER BY s.id DESC LIMIT $2::bigint)`

const WALK_ACCOUNT = `${walk('t.source_account_id = $4')} UNION ${walk('t.destination_account_id = $4')}`

/** What a transfer is read with: the written tables. */
const WHOLE_TRANSFER = { saga: { include: { fences: true } } } as const

export function createTransferQueries({ db }: { db: Database }) {
  return {
    find: (id: string) => db.transfer.findUnique({ where: { id }, include: WHOLE_TRANSFER }),

    /** Newest first; one more than asked for, when there is one. `after` is the id of the last of the page before. */
    async list(
      { status, accountId }: TransferFilter,
      { limit, after = MAX }: { limit: number; after?: string | undefined },
    ) {
      const isOpen = status !== undefined && !isTerminal(status)
      const walked = accountId === undefined ? (isOpen ? WALK_OPEN : walk('true')) : WALK_ACCOUNT
      const found = await db.$queryRawUnsafe<{ id: string }[]>(
        `SELECT id FROM (${walked}) AS found ORDER BY id DESC LIMIT $2`,
        after,
        limit + 1,
        status ?? null,
        ...(accountId === undefined ? [] : [accountId]),
      )
      return db.transfer.findMany({
        where: { id: { in: found.map(({ id }) => id) } },
        include: WHOLE_TRANSFER,
        orderBy: { id: 'desc' },
      })
    },
  }
}

export type TransferQueries = ReturnType<typeof createTransferQueries>
export type TransferRecord = NonNullable<Awaited<ReturnType<TransferQueries['find']>>>
