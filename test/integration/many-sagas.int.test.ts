import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOrphans } from '../../dispatch/orphans.ts'
import { createMaintenance } from '../../domain/operations/maintenance.ts'
import { createOrderQueries } from '../../domain/order/queries.ts'
import { createRetryBatches } from '../../domain/operations/retry-batches.ts'
import { orderSaga } from '../../workflows/order/steps.ts'
import { outline } from '../../workflows/saga/definition.ts'
import type { Database } from '../../prisma/client.ts'
import type { TestDatabase } from '../harness/database.ts'
import { MANY, rowsTouched, writeSagas } from '../harness/many-sagas.ts'
import { createTestDatabase } from '../harness/start.ts'

const OPERATOR = { actor: 'anna', reason: 'tested' }

/** A page of a job has 500 sagas. */
const PAGE = 500

/** Held up by the same step. */
const [waiting, parked] = [1200, 300]

let test: TestDatabase
beforeAll(async () => {
  test = await createTestDatabase()
})
afterAll(() => test.close())

describe('a pause that ends while many sagas wait, and others are parked', () => {
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

describe('a batch of retries of many steps', () => {
  const batches = () => createRetryBatches({ db: test.db, newId: randomUUID })
  const settle = () => test.db.$executeRaw`
    UPDATE step_fences SET parked_at = NULL WHERE saga_id IN (
      SELECT saga_id FROM retry_batch_items WHERE state = 'retried')`

  it('goes on in waves that one statement can start, also where all of it was to go in one', async () => {
    await writeSagas(test.db, 1400 - parked, 'parked')
    const { id } = await batches().create({}, 100, OPERATOR)
    for (const wave of [500, 500, 400]) {
      await batches().advance()
      expect(await batches().find(id)).toMatchObject({ status: 'running', retried: wave })
      await settle()
    }
    await batches().advance()
    expect(await batches().find(id)).toMatchObject({ status: 'done', succeeded: 1400, pending: 0 })
    await test.db.sagaWake.deleteMany()
  })
})

describe('the search for lost workflows among many open sagas', () => {
  const [many, name] = [2600, 'lost@1']
  /** One search, each round of which runs in the database transaction that counts. */
  function searchOf(definition: string) {
    let db: Database = test.db
    const $queryRaw = (...args: Parameters<Database['$queryRaw']>) => db.$queryRaw(...args)
    const outlines = { [definition]: outline(orderSaga) }
    const orphans = createOrphans({ db: { $queryRaw } as Database, outlines, afterSeconds: 30 })
    return async (limit: number) => {
      let taken: string[] = []
      const touched = await rowsTouched(test.db, async (transaction) => {
        db = transaction
        taken = (await orphans.take(limit)).map(({ id }) => id)
      })
      expect(touched).toBeLessThan(10 * PAGE)
      return taken
    }
  }
  const search = () => searchOf(name)
  const ids = async () => (await test.db.saga.findMany({ where: { definition: name } })).map(({ id }) => id)
  beforeAll(() => writeSagas(test.db, many, 'processing', name))

  it('passes over those whose workflow is still to be started', async () => {
    await test.db.sagaStart.createMany({ data: (await ids()).map((sagaId) => ({ sagaId })) })
    const take = search()
    for (let round = 0; round < many / PAGE; round += 1) expect(await take(PAGE)).toEqual([])
    await test.db.sagaStart.deleteMany()
  })

  it('comes to each of them, and a round reads some pages of rows', async () => {
    const [take, seen] = [search(), new Set<string>()]
    for (let round = 0; round < 100 && seen.size < many; round += 1) {
      for (const id of await take(PAGE)) seen.add(id)
    }
    expect(seen.size).toBe(many)
  })

  it('is not held up by those of a definition that this process does not know', async () => {
    await test.db.sagaWatch.updateMany({ data: { checkAt: new Date(0) } })
    await writeSagas(test.db, 1, 'processing', 'known@1')
    const [take, taken] = [searchOf('known@1'), [] as string[]]
    for (let round = 0; round < 100 && taken.length === 0; round += 1) taken.push(...(await take(1)))
    const known = await test.db.saga.findFirstOrThrow({ where: { definition: 'known@1' } })
    expect(taken).toEqual([known.id])
  })

  it('forgets those that have ended, page by page', async () => {
    await test.db.saga.updateMany({ where: { definition: name }, data: { status: 'completed' } })
    await test.db.sagaWatch.updateMany({ data: { checkAt: new Date(0) } })
    const take = search()
    const watched = async () => test.db.sagaWatch.count({ where: { sagaId: { in: await ids() } } })
    for (let round = 0; round < 100 && (await watched()) > 0; round += 1) expect(await take(1)).toEqual([])
    expect(await watched()).toBe(0)
  })
})

describe('the list of orders with a status, of many', () => {
  it('is read newest first, and reads no others', async () => {
    await test.db.$executeRaw`
      INSERT INTO orders (id, customer_id, currency, total_minor, payment_method, shipping_service)
      SELECT id, 'cus_many', 'EUR', 1, 'pm_ok', 'standard' FROM sagas`
    const ids = await test.db.saga.findMany({ where: { status: 'waiting' }, orderBy: { id: 'desc' } })
    const listed: string[] = []
    for (const [status, after] of [['waiting'], ['waiting', ids[9]?.id], ['rejected']] as const) {
      const list = async (db: Database) => {
        // These tables are small, and the plan is to be that for large ones.
        await db.$executeRaw`SET LOCAL enable_seqscan = off`
        const rows = await createOrderQueries({ db }).list({ status }, { limit: 9, after })
        listed.push(...rows.map(({ id }) => id))
      }
      expect(await rowsTouched(test.db, list)).toBeLessThan(PAGE)
    }
    expect(listed).toEqual(ids.slice(0, 20).map(({ id }) => id))
  })
})
