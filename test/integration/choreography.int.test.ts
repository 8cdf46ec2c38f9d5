import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reactionsOf } from '../../choreography/reactor.ts'
import { isNewerEvent } from '../../faults.ts'
import { sqlOf } from '../../events/store/sql.ts'
import { openTestPool } from '../harness/database.ts'
import { matrixOf, runIntoTrouble } from '../harness/failure-matrix.ts'
import { isWholeMatrix } from '../harness/matrix.ts'
import { CHOREOGRAPHED_TRIALS } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import { survive, survivedBy } from '../harness/survival.ts'
import type { System } from '../harness/system.ts'
import { expectTurnedBack } from '../harness/trials.ts'

const CHOREOGRAPHY = { coordination: 'choreography' } as const

/** There is no worker at all: whatever ends here has ended without a workflow. */
let system: System
beforeAll(async () => {
  system = await startSystem({
    workers: false,
    events: true,
    choreography: true,
    input: { pace: 0.02 },
    orphanAfterSeconds: 1,
  })
})
afterAll(() => system.close())

describe.concurrent('a choreographed order whose', () => {
  it.each(matrixOf(CHOREOGRAPHED_TRIALS))('$step $trouble ends as the definition predicts', async (row) => {
    await runIntoTrouble(system, CHOREOGRAPHED_TRIALS, row)
  })

  // What a step survives, it survives by its fence and its key: `npm test` leads the other coordination through it.
  const hardships = isWholeMatrix ? survivedBy(CHOREOGRAPHED_TRIALS) : []
  it.for(hardships)('$step $hardship is completed, with one effect of each step', async (row) => {
    await expect(survive(system, CHOREOGRAPHED_TRIALS, row, false)).resolves.toBeUndefined()
  })
})

describe('a choreographed order', () => {
  it('has no workflow and no history, and says who coordinates it', async () => {
    const placed = await system.api.place(CHOREOGRAPHY)
    expect(placed).toMatchObject({ coordination: 'choreography', workflow: null, status: 'pending' })
    const [opening] = await system.api.events(placed.id)
    expect(opening?.data).toMatchObject(CHOREOGRAPHY)
    expect(await system.api.ended(placed.id)).toMatchObject({ ...CHOREOGRAPHY, workflow: null })
    const history = await fetch(`${system.apiUrl}/orders/${placed.id}/history`)
    expect([history.status, await history.json()]).toEqual([
      404,
      expect.objectContaining({ code: 'HISTORY_NOT_KEPT' }),
    ])
    expect(await system.db.sagaStart.count({ where: { sagaId: placed.id } })).toBe(0)
    await until('its last reaction to be done', async () =>
      (await system.db.reaction.count({ where: { sagaId: placed.id } })) === 0 ? true : undefined,
    )
  })

  it('is placed once by one key, and is another request than the same with a workflow', async () => {
    const key = randomUUID()
    const first = await system.api.place({ ...CHOREOGRAPHY, key })
    expect((await system.api.place({ ...CHOREOGRAPHY, key })).id).toBe(first.id)
    await expect(system.api.place({ key })).rejects.toThrow('IDEMPOTENCY_KEY_REUSED')
  })

  it('turns back when its deadline has passed while it waits', async () => {
    const { id } = await system.api.place({ ...CHOREOGRAPHY, paymentMethod: 'pm_rate_limited_9999' })
    await system.api.reached(id, 'waiting')
    await system.db.saga.update({ where: { id }, data: { deadlineAt: new Date() } })
    await expectTurnedBack(system, CHOREOGRAPHED_TRIALS, await system.api.ended(id), {
      step: 'chargePayment',
      code: 'DEADLINE_EXCEEDED',
      isBegun: true,
    })
  })

  it('shows in its timeline what its participants have to do', async () => {
    const { id } = await system.api.place({ ...CHOREOGRAPHY, paymentMethod: 'pm_rate_limited_9999' })
    await system.api.reached(id, 'waiting')
    const { temporal, pending } = await system.api.get<{ temporal: string; pending: { activity: string }[] }>(
      `/orders/${id}/timeline`,
    )
    expect([temporal, pending.map(({ activity }) => activity)]).toEqual(['answered', ['chargePayment']])
    await system.api.cancel(id)
    await system.api.ended(id)
  })

  it('waits at a step that is paused, and goes on when it is given back', async () => {
    const pause = (pausedSteps: string[]) =>
      system.api.maintain({ pausedSteps, reason: 'a look at the carrier' })
    expect((await pause(['createShipment'])).status).toBe(200)
    const { id } = await system.api.place(CHOREOGRAPHY)
    const waiting = await system.api.reached(id, 'waiting')
    expect(waiting.steps.find(({ name }) => name === 'createShipment')).toMatchObject({ detail: 'PAUSED' })
    expect((await pause([])).status).toBe(200)
    expect(await system.api.ended(id)).toMatchObject({ status: 'completed' })
  })
})

describe('what an event should have asked for', () => {
  /** An order whose reaction is lost, at a step where it waits. */
  async function lose(activity: string, act: (id: string) => Promise<unknown> = async () => undefined) {
    const { id } = await system.api.place({ ...CHOREOGRAPHY, paymentMethod: 'pm_pending_2000' })
    await system.api.reached(id, 'waiting')
    await act(id)
    await until(`${activity} to be lost`, async () =>
      (await system.db.reaction.deleteMany({ where: { sagaId: id, activity } })).count > 0 ? true : undefined,
    )
    return id
  }

  it('is found by the watchdog when it was lost: the order goes on', async () => {
    const id = await lose('chargePayment')
    expect(await system.api.ended(id)).toMatchObject({ status: 'completed' })
  })

  it('is found by the watchdog when its cancel was wished meanwhile: the order turns back', async () => {
    await system.world.break({ payment: 'down' })
    const { id } = await system.api.place(CHOREOGRAPHY)
    await system.api.reached(id, 'waiting')
    await system.db.reaction.deleteMany({ where: { sagaId: id } })
    await system.api.cancel(id)
    await system.world.mend()
    expect(await system.api.ended(id)).toMatchObject({ status: 'cancelled' })
  })

  it('of a definition that this process does not know waits for a newer release', async () => {
    const pool = openTestPool(system.databaseUrl, 1)
    const { id } = await system.api.place(CHOREOGRAPHY)
    const ofOlder = reactionsOf('inventory', {})
    const event = { streamId: `order-${id}`, version: 1, type: 'OrderPlaced', schemaVersion: 1 }
    const refused = await ofOlder
      .apply(sqlOf(pool), { ...event, data: {}, recordedAt: new Date() })
      .catch((error: unknown) => error)
    await pool.end()
    expect(isNewerEvent(refused)).toBe(true)
    await system.api.ended(id)
  })
})

describe('afterwards', () => {
  it('every invariant holds, and no orchestrated order has left anything with the reactors', async () => {
    const { id } = await system.api.place()
    expect(await system.api.invariants()).toMatchObject({ ok: true })
    const inbox = await system.db.inbox.findMany({ where: { consumer: { startsWith: 'choreography-' } } })
    expect(inbox.some(({ streamId }) => streamId === `order-${id}`)).toBe(false)
    expect(new Set(inbox.map(({ consumer }) => consumer)).size).toBe(6)
  })
})
