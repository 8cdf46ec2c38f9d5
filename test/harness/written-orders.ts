import { createOrderJournal } from '../../domain/order/journal.ts'
import type { Database } from '../../prisma/client.ts'
import type { OrderWishes } from './api-client.ts'
import { placeOrderRow } from './order-rows.ts'
import { attemptStep } from './steps.ts'

export const ENDS = ['placed', 'reserved', 'completed', 'rejected', 'cancelled', 'parked'] as const
export type End = (typeof ENDS)[number]

/** An order that got so far, written by the same statements that the activities call. @returns its id. */
export async function writeOrder(db: Database, end: End, wishes: OrderWishes = {}): Promise<string> {
  const id = await placeOrderRow(db, wishes)
  if (end === 'placed') return id
  await attemptStep(db, 'reserveInventory', id)
  if (end === 'reserved') return id
  await attemptStep(db, 'awardPoints', id)
  if (end === 'completed') {
    await attemptStep(db, 'completeOrder', id)
    return id
  }
  const journal = createOrderJournal({ db })
  if (end === 'cancelled') await journal.cancel(id, undefined)
  await journal.beginCompensation(id, { code: 'STEP_FAILED', step: 'createShipment' })
  await attemptStep(db, 'revokePoints', id)
  if (end === 'parked') {
    await journal.noteParked(id, 'reserveInventory', 'PROVIDER_ERROR')
    return id
  }
  await attemptStep(db, 'releaseInventory', id)
  await journal.close(id)
  return id
}
