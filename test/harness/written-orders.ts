import { createOrderJournal } from '../../domain/order/journal.ts'
import type { Database } from '../../prisma/client.ts'
import { orderSaga } from '../../workflows/order/steps.ts'
import type { OrderWishes } from './api-client.ts'
import { placeOrderRow } from './order-rows.ts'
import { stepsOf } from './saga-steps.ts'
import { attemptStep } from './steps.ts'

export const ENDS = ['placed', 'reserved', 'completed', 'rejected', 'cancelled', 'parked'] as const
export type End = (typeof ENDS)[number]

/** No provider is there: only the steps in our own database are made. */
const STEPS = stepsOf(orderSaga).filter(
  ({ kind, provider }) => kind === 'compensatable' && provider === undefined,
)

/** An order that got so far, written by the same statements that the activities call. @returns its id. */
export async function writeOrder(db: Database, end: End, wishes: OrderWishes = {}): Promise<string> {
  const id = await placeOrderRow(
    db,
    wishes,
    STEPS.map(({ name }) => name),
  )
  if (end === 'placed') return id
  for (const { name } of STEPS) {
    await attemptStep(db, name, id)
    if (end === 'reserved' && name === 'reserveInventory') return id
  }
  const pivot = orderSaga.pivot.execute
  if (end === 'completed') {
    await attemptStep(db, pivot, id)
    return id
  }
  const journal = createOrderJournal({ db })
  if (end === 'cancelled') await journal.cancel(id, 'customer')
  await journal.beginCompensation(id, { code: 'STEP_FAILED', step: pivot })
  for (const { name, undo = '' } of STEPS.toReversed()) {
    if (end === 'parked' && name === STEPS[0]?.name) {
      await journal.noteParked(id, name, 'PROVIDER_ERROR')
      return id
    }
    await attemptStep(db, undo, id)
  }
  await journal.close(id)
  return id
}
