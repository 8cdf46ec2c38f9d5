import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMaintenance } from '../../domain/operations/maintenance.ts'
import type { TestDatabase } from '../harness/database.ts'
import { MANY, rowsTouched, writeSagas } from '../harness/many-sagas.ts'
import { createTestDatabase } from '../harness/start.ts'

const OPERATOR = { actor: 'anna', reason: 'tested' }

/** A page of a job has 500 sagas. */
const PAGE = 500

let test: TestDatabase
beforeAll(async () => {
  test = await createTestDatabase()
})
afterAll(() => test.close())

describe('a pause that ends while many sagas wait, and others are parked', () => {
  const [waiting, parked] = [1200, 300]
  const noted = () => test.db.sagaWake.count()
  const wakeNext = () => createMaintenance(test).wakeNext()
  const end = async (maintenance: ReturnType<typeof createMaintenance>) => {
    await maintenance.change({ pausedSteps: [] }, OPERATOR)
  }
  beforeAll(async () => {
    await createMaintenance(test).change({ pausedSteps: [MANY.step] }, OPERATOR)
    await writeSagas(test.db, waiting, 'waiting')
    await writeSagas(test.db, parked, 'parked')
  })

  it('ends at once, however many they are', async () => {
    expect(await rowsTouched(test.db, (db) => end(createMaintenance({ db })))).toBeLessThan(20)
    expect((await createMaintenance(test).read()).pausedSteps).toEqual([])
    expect(await noted()).toBe(0)
  })

  it('wakes them page by page, and no more while these are not woken', async () => {
    const touched = await rowsTouched(test.db, (db) => createMaintenance({ db }).wakeNext())
    expect(touched).toBeLessThan(5 * PAGE)
    expect(await noted()).toBe(PAGE)
    await wakeNext()
    expect(await noted()).toBe(PAGE)
  })

  it('wakes each of them once', async () => {
    const woken = new Set<string>()
    let count = 0
    for (let notes = await test.db.sagaWake.findMany(); notes.length > 0;) {
      for (const { sagaId } of notes) woken.add(sagaId)
      count += notes.length
      await test.db.sagaWake.deleteMany()
      await wakeNext()
      notes = await test.db.sagaWake.findMany()
    }
    expect([count, woken.size]).toEqual([waiting + parked, waiting + parked])
    expect(await test.db.stepWake.count()).toBe(0)
  })

  it('wakes them from the first again when it is ended twice', async () => {
    const maintenance = createMaintenance(test)
    for (let time = 0; time < 2; time += 1) {
      await maintenance.change({ pausedSteps: [MANY.step] }, OPERATOR)
      await end(maintenance)
      await test.db.sagaWake.deleteMany()
      await wakeNext()
    }
    const first = await test.db.$queryRaw<{ id: string }[]>`SELECT id FROM sagas ORDER BY id LIMIT ${PAGE}`
    expect(await test.db.sagaWake.count({ where: { sagaId: { in: first.map(({ id }) => id) } } })).toBe(PAGE)
    await test.db.sagaWake.deleteMany()
  })

  it('leaves a page to be done again where a saga’s row is held for long', async () => {
    const before = await test.db.stepWake.findFirstOrThrow()
    await test.db.$transaction(
      async (holder) => {
        await holder.$queryRaw`SELECT 1 FROM sagas FOR UPDATE`
        await expect(wakeNext()).rejects.toThrow(/55P03|lock timeout/)
      },
      { timeout: 20_000 },
    )
    expect(await test.db.stepWake.findFirstOrThrow()).toEqual(before)
    await wakeNext()
    expect(await noted()).toBe(PAGE)
  })
})
