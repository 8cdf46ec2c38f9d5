import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { survive, survivedBy } from '../harness/failure-matrix.ts'
import { ORDER_TRIALS } from '../harness/order-trials.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { TRANSFER_TRIALS } from '../harness/transfer-trials.ts'

/** One step of each kind, unless the whole matrix is asked for. */
const isFull = process.env['MATRIX'] === 'full'
const rows = survivedBy(ORDER_TRIALS).filter(
  ({ step }) => isFull || ['reserveInventory', 'chargePayment', 'completeOrder'].includes(step),
)

let system: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 0.05 } })
})
afterAll(() => system.close())

describe.concurrent('an order whose', () => {
  it.each(rows)('$step $hardship is completed, with one effect of each step', async (row) => {
    await expect(survive(system, ORDER_TRIALS, row, false)).resolves.toBeUndefined()
  })

  // The pivot cannot be both passed and turned back at.
  it.each(rows.filter(({ step }) => step !== 'completeOrder'))(
    '$step $hardship, and whose compensation then fails twice, is undone whole',
    async (row) => {
      await expect(survive(system, ORDER_TRIALS, row, true)).resolves.toBeUndefined()
    },
  )
})

describe.concurrent('a transfer whose', () => {
  const trials = survivedBy(TRANSFER_TRIALS)
  it.each(trials)('$step $hardship is completed, with one effect of each step', async (row) => {
    await expect(survive(system, TRANSFER_TRIALS, row, false)).resolves.toBeUndefined()
  })

  it.each(trials.filter(({ step }) => step !== 'depositMoney'))(
    '$step $hardship, and whose compensation then fails twice, is undone whole',
    async (row) => {
      await expect(survive(system, TRANSFER_TRIALS, row, true)).resolves.toBeUndefined()
    },
  )
})

describe('afterwards', () => {
  it('every invariant holds', async () => {
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })
})
