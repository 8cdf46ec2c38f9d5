import { MAX } from 'uuid'
import { accountStream, streamsOwnedBy } from '../account/accounts.ts'
import type { Database } from '../../prisma/client.ts'
import type { SagaStatus } from '../saga/status.ts'

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

/** Of a status, along the index of the sagas of transfers. */
const WALK_STATUS = `
  (SELECT s.id FROM sagas s CROSS JOIN LATERAL (SELECT FROM transfers WHERE id = s.id LIMIT 1) AS t
    WHERE s.status = $3::text AND s.definition LIKE 'transfer@%' AND s.id < $1::uuid ORDER BY s.id DESC LIMIT $2::bigint)`

/** Out of an account of an owner. */
const isOwn = (owner: string) => `t.source_account_id = ANY (ARRAY(
  SELECT substr(stream_id, ${accountStream('').length + 1}) FROM (${streamsOwnedBy(owner)}) AS own))`

/** What a transfer is read with: the written tables. */
const WHOLE_TRANSFER = { saga: { include: { fences: true } } } as const

export function createTransferQueries({ db }: { db: Database }) {
  return {
    /** @param owner out of whose accounts are all transfers that there are for who asks; undefined for everybody's. */
    async find(id: string, owner?: string) {
      if (owner !== undefined) {
        const [own] = await db.$queryRawUnsafe<object[]>(
          `SELECT FROM transfers t WHERE t.id = $1::uuid AND ${isOwn('$2')}`,
          id,
          owner,
        )
        if (own === undefined) return null
      }
      return db.transfer.findUnique({ where: { id }, include: WHOLE_TRANSFER })
    },

    /** Newest first; one more than asked for, when there is one. `after` is the id of the last of the page before. */
    async list(
      filter: TransferFilter,
      { limit, after = MAX }: { limit: number; after?: string | undefined },
      owner?: string,
    ) {
      const values: unknown[] = [after, limit + 1, filter.status ?? null]
      const walked = walksOf(filter, owner, (value) => `$${values.push(value)}::text`)
      const found = await db.$queryRawUnsafe<{ id: string }[]>(
        `SELECT id FROM (${walked.join(' UNION ')}) AS found ORDER BY id DESC LIMIT $2`,
        ...values,
      )
      return db.transfer.findMany({
        where: { id: { in: found.map(({ id }) => id) } },
        include: WHOLE_TRANSFER,
        orderBy: { id: 'desc' },
      })
    },
  }
}

function walksOf(
  { status, accountId }: TransferFilter,
  owner: string | undefined,
  bind: (value: string) => string,
): string[] {
  const own = owner === undefined ? undefined : isOwn(bind(owner))
  if (accountId !== undefined) {
    const account = bind(accountId)
    return ['source', 'destination'].map((end) =>
      walk(`t.${end}_account_id = ${account} AND ${own ?? 'true'}`),
    )
  }
  if (own !== undefined) return [walk(own)]
  return [status === undefined ? walk('true') : WALK_STATUS]
}

export type TransferQueries = ReturnType<typeof createTransferQueries>
export type TransferRecord = NonNullable<Awaited<ReturnType<TransferQueries['find']>>>
