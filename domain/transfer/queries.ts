import type { Database } from '../../prisma/client.ts'

/** What a transfer is read with: the written tables. */
export function createTransferQueries({ db }: { db: Database }) {
  return {
    find: (id: string) =>
      db.transfer.findUnique({ where: { id }, include: { saga: { include: { fences: true } } } }),
  }
}

export type TransferQueries = ReturnType<typeof createTransferQueries>
export type TransferRecord = NonNullable<Awaited<ReturnType<TransferQueries['find']>>>
