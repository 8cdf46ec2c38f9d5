import type { Database } from '../../prisma/client.ts'
import { createJournal } from '../saga/journal.ts'

export function createTransferJournal({ db }: { db: Database }) {
  return createJournal({
    db,
    closingEvents: { rejected: 'TransferRejected', cancelled: 'TransferCancelled' },
  })
}
