import type { Database } from '../../prisma/client.ts'
import { createJournal } from '../saga/journal.ts'

export function createOrderJournal({ db }: { db: Database }) {
  return createJournal({ db, closingEvents: { rejected: 'OrderRejected', cancelled: 'OrderCancelled' } })
}
