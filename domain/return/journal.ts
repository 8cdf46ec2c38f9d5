import type { Database } from '../../prisma/client.ts'
import { createJournal } from '../saga/journal.ts'

export function createReturnJournal({ db }: { db: Database }) {
  return createJournal({
    db,
    closingEvents: { rejected: 'ReturnClosed', cancelled: 'ReturnCancelled' },
    begin: 'return_begin_compensation',
  })
}
