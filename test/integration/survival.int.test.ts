import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isWholeMatrix } from '../harness/matrix.ts'
import { COMPOSED_TRIALS, ORDER_TRIALS } from '../harness/order-trials.ts'
import { startSystem } from '../harness/start.ts'
import { survive, survivedBy } from '../harness/survival.ts'
import type { System } from '../harness/system.ts'
import { TRANSFER_TRIALS } from '../harness/transfer-trials.ts'
import type { Shown, Trials } from '../harness/trials.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 0.05 } })
})
afterAll(() => system.close())

function describeSurvival<Wishes, S extends Shown>(what: string, trials: Trials<Wishes, S>): void {
  const rows = survivedBy(trials)
  describe.concurrent(`${what} whose`, () => {
    it.each(rows)('$step $hardship is completed, with one effect of each step', async (row) => {
      await expect(survive(system, trials, row, false)).resolves.toBeUndefined()
    })

    it.each(rows.filter(({ kind }) => kind === 'compensatable'))(
      '$step $hardship, and whose compensation then fails twice, is undone whole',
      async (row) => {
        await expect(survive(system, trials, row, true)).resolves.toBeUndefined()
      },
    )
  })
}

describeSurvival('an order', ORDER_TRIALS)
describeSurvival('a transfer', TRANSFER_TRIALS)
// The steps are the same but for one: `npm test` leads the plain order through their hardships.
if (isWholeMatrix) for (const { what, trials } of COMPOSED_TRIALS) describeSurvival(what, trials)

describe('afterwards', () => {
  it('every invariant holds', async () => {
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })
})
