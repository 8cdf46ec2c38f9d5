import { createInventory } from '../../domain/inventory/inventory.ts'
import { createLoyalty } from '../../domain/loyalty/loyalty.ts'
import { createCompletion } from '../../domain/order/completion.ts'
import { createOrderJournal } from '../../domain/order/journal.ts'
import type { Database } from '../../prisma/client.ts'
import type { OrderWishes } from './api-client.ts'
import { placeOrderRow } from './order-rows.ts'

export const ENDS = ['placed', 'reserved', 'completed', 'rejected', 'cancelled', 'parked'] as const
export type End = (typeof ENDS)[number]

/** An order that got so far, written by the same statements that the activities call. @returns its id. */
export async function writeOrder(db: Database, end: End, wishes: OrderWishes = {}): Promise<string> {
  const id = await placeOrderRow(db, wishes)
  if (end === 'placed') return id
  await createInventory({ db }).reserveInventory(id, 1)
  if (end === 'reserved') return id
  await createLoyalty({ db }).awardPoints(id, 1)
  if (end === 'completed') {
    await createCompletion({ db }).completeOrder(id, 1)
    return id
  }
  const journal = createOrderJournal({ db })
  if (end === 'cancelled') await journal.cancel(id, undefined)
  await journal.beginCompensation(id, { code: 'STEP_FAILED', step: 'createShipment' })
  await createLoyalty({ db }).revokePoints(id, 1)
  if (end === 'parked') {
    await journal.noteParked(id, 'reserveInventory', 'PROVIDER_ERROR')
    return id
  }
  await createInventory({ db }).releaseInventory(id, 1)
  await journal.close(id)
  return id
}
