import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { survive, SURVIVED } from '../harness/failure-matrix.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

/** One step of each kind, unless the whole matrix is asked for. */
const isFull = process.env['MATRIX'] === 'full'
const rows = SURVIVED.filter(
  ({ step }) => isFull || ['reserveInventory', 'chargePayment', 'completeOrder'].includes(step),
)

let system: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 0.05 } })
})
afterAll(() => system.close())

describe.concurrent('an order whose', () => {
  it.each(rows)('$step $hardship is completed, with one effect of each step', async ({ step, hardship }) => {
    await expect(survive(system, step, hardship, false)).resolves.toBeUndefined()
  })

  // The pivot cannot be both passed and turned back at.
  it.each(rows.filter(({ step }) => step !== 'completeOrder'))(
    '$step $hardship, and whose compensation then fails twice, is undone whole',
    async ({ step, hardship }) => {
      await expect(survive(system, step, hardship, true)).resolves.toBeUndefined()
    },
  )
})

describe('afterwards', () => {
  it('every invariant holds', async () => {
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })
})
