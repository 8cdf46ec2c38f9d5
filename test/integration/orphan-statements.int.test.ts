import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOrphans, type Unmoved } from '../../dispatch/orphans.ts'
import { createStarts } from '../../dispatch/starts.ts'
import { createOrderJournal } from '../../domain/order/journal.ts'
import { orderSaga } from '../../workflows/order/steps.ts'
import { outline } from '../../workflows/saga/definition.ts'
import type { Database } from '../../prisma/client.ts'
import type { TestDatabase } from '../harness/database.ts'
import { inFlight } from '../harness/in-flight.ts'
import { eventTypes, fenceState, placeOrderRow, sagaRow } from '../harness/order-rows.ts'
import { createTestDatabase } from '../harness/start.ts'
import { attemptStep } from '../harness/steps.ts'

let test: TestDatabase
beforeAll(async () => {
  test = await createTestDatabase()
})
afterAll(() => test.close())

/** Sagas are due as soon as they were placed, however the clock rounds. */
const orphansOn = (db: Database, afterSeconds = -1) =>
  createOrphans({ db, outlines: { [orderSaga.name]: outline(orderSaga) }, afterSeconds })

/** An order whose workflow was started. */
async function startedOrder(): Promise<string> {
  const id = await placeOrderRow(test.db, {}, ['reserveInventory'])
  await createStarts(test).started(id)
  return id
}

/** The order, as the search takes it. */
async function look(id: string, orphans = orphansOn(test.db)): Promise<Unmoved | undefined> {
  const taken = await orphans.take(1000)
  return taken.find((saga) => saga.id === id)
}

async function orphan(id: string): Promise<Unmoved> {
  const found = await look(id)
  if (found === undefined) throw new Error('The order is not looked for')
  return found
}

describe('a saga', () => {
  it('is looked for once it has not moved for a while, and not before its workflow was started', async () => {
    const id = await placeOrderRow(test.db)
    expect(await look(id)).toBeUndefined()
    await createStarts(test).started(id)
    expect(await look(id, orphansOn(test.db, 3600))).toBeUndefined()
    expect(await look(id)).toEqual({ id, definition: 'order@1', version: 1 })
  })

  it('is left to another process where this one does not know its definition', async () => {
    const id = await startedOrder()
    const stranger = createOrphans({ db: test.db, outlines: { 'other@1': [] }, afterSeconds: -1 })
    expect(await look(id, stranger)).toBeUndefined()
  })

  it('is looked for more seldom each time that its workflow is open', async () => {
    const id = await startedOrder()
    const saga = await orphan(id)
    const orphans = orphansOn(test.db, 100)
    const pauses: number[] = []
    for (let look = 0; look < 5; look += 1) {
      await orphans.foundOpen(saga)
      const [row] = await test.db.$queryRaw<{ pause: number }[]>`
        SELECT round(extract(epoch FROM check_at - clock_timestamp()) / 100)::int AS pause FROM saga_watches WHERE saga_id = ${id}::uuid`
      pauses.push(row?.pause ?? 0)
    }
    expect(pauses).toEqual([2, 4, 8, 9, 9])
  })

  it('that has ended is watched no longer', async () => {
    const id = await startedOrder()
    await orphansOn(test.db).foundOpen(await orphan(id))
    const journal = createOrderJournal(test)
    await journal.beginCompensation(id, { code: 'STEP_FAILED', step: 'reserveInventory' })
    await journal.close(id)
    await look(id)
    expect(await test.db.sagaWatch.count({ where: { sagaId: id } })).toBe(0)
  })

  it('that is completed is an orphan while a step that it requires is not done', async () => {
    const required = outline(orderSaga).map((step) => ({ ...step, isOptional: false }))
    const orphans = createOrphans({
      db: test.db,
      outlines: { [orderSaga.name]: required },
      afterSeconds: -1,
    })
    const id = await startedOrder()
    await orphans.watch(id)
    await attemptStep(test.db, 'reserveInventory', id)
    await attemptStep(test.db, 'completeOrder', id)
    const saga = await look(id, orphans)
    expect(saga).toMatchObject({ id, version: 3 })
    expect(await orphans.restart({ id, definition: orderSaga.name, version: 3 }, 'MISSING')).toBe('restarted')
    await createStarts(test).started(id)
    await attemptStep(test.db, 'notifyCustomer', id)
    await look(id, orphans)
    expect(await test.db.sagaWatch.count({ where: { sagaId: id } })).toBe(0)
  })
})

describe('a restart', () => {
  it('is noted once, where two processes have found the workflow gone', async () => {
    const saga = await orphan(await startedOrder())
    const restart = (db: Database) => orphansOn(db).restart(saga, 'TERMINATED')
    expect(await inFlight(test.db, restart, restart)).toEqual({
      first: 'restarted',
      second: 'moved',
      hasWaited: true,
    })
    expect(await eventTypes(test.db, saga.id)).toEqual(['OrderPlaced', 'WorkflowRestarted'])
    expect(await test.db.sagaStart.findUnique({ where: { sagaId: saga.id } })).toMatchObject({
      isRestart: true,
    })
  })

  it('is not made where the saga has moved since it was looked for', async () => {
    const saga = await orphan(await startedOrder())
    const reserve = (db: Database) => attemptStep(db, 'reserveInventory', saga.id)
    const restart = (db: Database) => orphansOn(db).restart(saga, 'TERMINATED')
    expect((await inFlight(test.db, reserve, restart)).second).toBe('moved')
    expect(await eventTypes(test.db, saga.id)).not.toContain('WorkflowRestarted')
  })

  it('is done by another process when the one that has claimed it dies', async () => {
    const saga = await orphan(await startedOrder())
    await orphansOn(test.db).restart(saga, 'TERMINATED')
    const starts = createStarts(test)
    const claim = async () => (await starts.claimStarts(1000, [])).some(({ id }) => id === saga.id)
    expect(await claim()).toBe(true)
    expect(await claim()).toBe(false)
    await test.db
      .$executeRaw`UPDATE saga_starts SET claimed_until = claimed_until - interval '10 seconds' WHERE saga_id = ${saga.id}::uuid`
    expect(await claim()).toBe(true)
  })

  /** Restarts it five times; no workflow of it does anything. */
  async function restartInVain(id: string): Promise<void> {
    for (let restart = 1; restart <= 5; restart += 1) {
      expect(await orphansOn(test.db).restart(await orphan(id), 'FAILED')).toBe('restarted')
      await createStarts(test).started(id)
    }
  }

  it('is not made a sixth time: a pending saga is parked at its first step', async () => {
    const id = await startedOrder()
    await restartInVain(id)
    expect(await orphansOn(test.db).restart(await orphan(id), 'FAILED')).toBe('parked')
    expect(await sagaRow(test.db, id)).toMatchObject({
      status: 'parked',
      fences: [{ step: 'reserveInventory', state: 'pending', parkedError: 'ORPHAN' }],
    })
    expect(await look(id)).toBeUndefined()
    await attemptStep(test.db, 'reserveInventory', id)
    expect(await sagaRow(test.db, id)).toMatchObject({ status: 'processing' })
  })

  it('is counted from one again once the saga has moved', async () => {
    const id = await startedOrder()
    await restartInVain(id)
    await attemptStep(test.db, 'reserveInventory', id)
    expect(await orphansOn(test.db).restart(await orphan(id), 'FAILED')).toBe('restarted')
  })

  it('in vain on the way back parks the undo that is next', async () => {
    const id = await startedOrder()
    for (const step of ['reserveInventory', 'awardPoints']) await attemptStep(test.db, step, id)
    await createOrderJournal(test).beginCompensation(id, { code: 'STEP_FAILED', step: 'completeOrder' })
    await restartInVain(id)
    expect(await orphansOn(test.db).restart(await orphan(id), 'FAILED')).toBe('parked')
    expect([await fenceState(test.db, id, 'awardPoints'), (await sagaRow(test.db, id)).status]).toEqual([
      'undoing',
      'parked',
    ])
    await attemptStep(test.db, 'revokePoints', id)
    expect((await sagaRow(test.db, id)).status).toBe('compensating')
  })

  it('follows again when a parked saga is woken', async () => {
    const id = await startedOrder()
    await restartInVain(id)
    await orphansOn(test.db).restart(await orphan(id), 'FAILED')
    await orphansOn(test.db).summon(id)
    expect(await orphansOn(test.db).restart(await orphan(id), 'FAILED')).toBe('restarted')
  })
})

describe('starts that are due', () => {
  it('are claimed oldest first, those that were placed just now among them', async () => {
    await test.db.sagaStart.deleteMany()
    const ids: string[] = []
    for (let placed = 0; placed < 4; placed += 1) ids.push(await placeOrderRow(test.db))
    const [first = '', second = '', third = '', fourth = ''] = ids
    await test.db.$executeRaw`
      UPDATE saga_starts SET claimed_until = clock_timestamp() - interval '1 second',
        created_at = created_at - CASE saga_id WHEN ${third}::uuid THEN interval '1 hour' ELSE interval '0' END
       WHERE saga_id <> ${fourth}::uuid`
    const claim = async (limit: number, own: string[]) =>
      (await createStarts(test).claimStarts(limit, own)).map(({ id }) => id)
    expect(await claim(3, [fourth])).toEqual([third, first, second])
    expect(await claim(2, [])).toEqual([])
    expect(await claim(2, [fourth])).toEqual([fourth])
  })
})
