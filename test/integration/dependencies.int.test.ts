import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDependencies } from '../../domain/operations/dependencies.ts'
import type { BreakerState, GuardedProvider } from '../../domain/provider/guard.ts'
import type { TestDatabase } from '../harness/database.ts'
import { createTestDatabase } from '../harness/start.ts'

let test: TestDatabase
beforeAll(async () => {
  test = await createTestDatabase()
})
afterAll(() => test.close())

it('the breaker that has moved last is the one that is shown, and the slots of all are added up', async () => {
  const dependencies = createDependencies({ db: test.db })
  const seen = async (process: string, state: BreakerState) => {
    // Times are kept to the millisecond: what follows is later by more than that.
    await new Promise((resolve) => setTimeout(resolve, 10))
    await dependencies.report(process, {
      name: 'payment',
      breaker: () => state,
      bulkhead: () => ({ limit: 10, inUse: 1 }),
    } as GuardedProvider)
  }
  const told = async () => (await dependencies.list())[0]
  expect(await told()).toMatchObject({ breaker: 'unknown', bulkhead: { limit: 0, inUse: 0 } })
  await seen('worker-1', 'closed')
  await seen('worker-2', 'closed')
  await seen('worker-1', 'open')
  expect(await told()).toMatchObject({ breaker: 'open', bulkhead: { limit: 20, inUse: 2 } })
  await seen('worker-2', 'open')
  await seen('worker-1', 'closed')
  // Nobody has asked worker-2 since: seeing it open again is no news.
  await seen('worker-2', 'open')
  expect(await told()).toMatchObject({ breaker: 'closed' })
})
