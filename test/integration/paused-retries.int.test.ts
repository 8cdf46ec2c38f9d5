import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createRetryBatches } from '../../domain/operations/retry-batches.ts'
import type { TestDatabase } from '../harness/database.ts'
import { operatorActions } from '../harness/operator-actions.ts'
import { createTestDatabase } from '../harness/start.ts'
import { attemptStep } from '../harness/steps.ts'
import { writeOrder } from '../harness/written-orders.ts'

let test: TestDatabase
beforeAll(async () => {
  test = await createTestDatabase()
})
afterAll(() => test.close())

const OPERATOR = { actor: 'olga', reason: 'let me look' }

it('a paused batch of retries goes no further, what was woken goes on, and a resumed one goes to its end', async () => {
  const batches = createRetryBatches({ db: test.db, newId: uuid })
  for (let n = 0; n < 3; n += 1) await writeOrder(test.db, 'parked')
  const { id, total } = await batches.create({ kind: 'order' }, 34, OPERATOR)
  expect(total).toBe(3)
  expect((await batches.create({ kind: 'transfer' }, 34, OPERATOR)).total).toBe(0)
  await batches.advance()
  expect(await batches.find(id)).toMatchObject({ status: 'running', pending: 1, retried: 2 })

  expect(await batches.change(id, 'pause', OPERATOR)).toBe(true)
  const woken = await test.db.retryBatchItem.findMany({ where: { batchId: id, state: 'retried' } })
  for (const { sagaId } of woken) await attemptStep(test.db, 'releaseInventory', sagaId)
  await batches.advance()
  expect(await batches.find(id)).toMatchObject({ status: 'paused', pending: 1, retried: 0, succeeded: 2 })

  expect(await batches.change(id, 'resume', OPERATOR)).toBe(true)
  await batches.advance()
  expect(await batches.find(id)).toMatchObject({ status: 'running', pending: 0, retried: 1, succeeded: 2 })

  expect(await batches.change(id, 'stop', OPERATOR)).toBe(true)
  expect(await batches.change(id, 'resume', OPERATOR)).toBe(false)
  await batches.advance()
  expect(await batches.find(id)).toMatchObject({ status: 'stopped', retried: 1 })
  expect((await batches.list({ limit: 1 })).map((batch) => [batch.id > id, batch.total])).toEqual([
    [true, 0],
    [false, 3],
  ])
  expect(await operatorActions(test.db, { retryBatchId: id })).toMatchObject([
    { ...OPERATOR, action: 'pause', before: { status: 'running' }, after: { status: 'paused' } },
    { ...OPERATOR, action: 'resume', before: { status: 'paused' }, after: { status: 'running' } },
    { ...OPERATOR, action: 'stop', before: { status: 'running' }, after: { status: 'stopped' } },
  ])
})
