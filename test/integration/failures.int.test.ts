import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFailures, type FailureFilter } from '../../domain/operations/failures.ts'
import { sqlOf } from '../../events/store/sql.ts'
import { openTestPool, type TestDatabase } from '../harness/database.ts'
import { createTestDatabase } from '../harness/start.ts'
import { writeOrder } from '../harness/written-orders.ts'

let test: TestDatabase
let pool: pg.Pool
beforeAll(async () => {
  test = await createTestDatabase()
  pool = openTestPool(test.url, 1)
})
afterAll(async () => {
  await pool.end()
  await test.close()
})

const list = (filter: Partial<FailureFilter> = {}) =>
  createFailures({ db: sqlOf(pool) }).list({ windowHours: 24, ...filter })
const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000)

it('what fails is counted by step and reason, with what it is worth and when it began', async () => {
  expect((await list()).data).toEqual([])
  // In the first and in the last twelfth of a day, and long before it.
  const parked = []
  for (const hours of [0.5, 0.6, 23, 200]) {
    const id = await writeOrder(test.db, 'parked')
    parked.push(id)
    await test.db.stepFence.updateMany({
      where: { sagaId: id, parkedAt: { not: null } },
      data: { parkedAt: ago(hours) },
    })
  }
  for (let n = 0; n < 5; n += 1) await writeOrder(test.db, 'rejected')
  await writeOrder(test.db, 'cancelled')
  const old = await writeOrder(test.db, 'rejected')
  await test.admin.saga.update({ where: { id: old }, data: { createdAt: ago(25) } })

  const { data } = await list()
  expect(data).toMatchObject([
    {
      state: 'parked',
      kind: 'order',
      step: 'reserveInventory',
      code: 'PROVIDER_ERROR',
      provider: null,
      count: 4,
      amounts: [{ currency: 'EUR', amountMinor: 4 * 1590 }],
      trend: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
    },
    {
      state: 'rejected',
      step: 'completeOrder',
      code: 'STEP_FAILED',
      count: 5,
      amounts: [{ currency: 'EUR', amountMinor: 5 * 1590 }],
      trend: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5],
    },
  ])
  const [first] = data
  expect(first?.firstSeenAt.getTime()).toBeLessThan(ago(199).getTime())
  expect(first?.lastSeenAt.getTime()).toBeGreaterThan(ago(0.6).getTime())
})

it('failures are listed by state, by kind, and of a longer time', async () => {
  const states = async (filter: Partial<FailureFilter>) =>
    (await list(filter)).data.map(({ state, count }) => [state, count])
  expect(await states({ state: 'parked' })).toEqual([['parked', 4]])
  expect(await states({ state: 'rejected' })).toEqual([['rejected', 5]])
  expect(await states({ state: 'rejected', windowHours: 26 })).toEqual([['rejected', 6]])
  expect(await states({ kind: 'order' })).toHaveLength(2)
  expect(await states({ kind: 'transfer' })).toEqual([])
})
