import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createWorld, type Meeting, type Script, type World } from '../../test/harness/simulated-saga.ts'
import { orderDefinitions, orderSaga } from '../order/steps.ts'
import { returnSaga } from '../return/steps.ts'
import { transferSaga } from '../transfer/steps.ts'
import type { SagaChange } from '../../domain/saga/journal.ts'
import type { SagaDefinition } from './definition.ts'
import { ATTEMPTS, SKIP_NOTES_MAX } from './policies.ts'
import { runSaga, type CallOutcome, type SagaOutcome, type SagaPorts, type SagaRun } from './run-saga.ts'

const saga = orderSaga
const HOUR_MS = 3_600_000
const RUN: SagaRun = { deadlineAt: HOUR_MS, queued: [] }
const steps = saga.compensatable.map(({ execute }) => execute)
const compensations = saga.compensatable.map(({ compensate }) => compensate)
const happy = [...steps, saga.pivot.execute, ...saga.retriable.map(({ execute }) => execute)]

const run = (world: World, options = RUN) => runSaga(saga, world.ports(), options)

describe('a saga', () => {
  it('carries every step out once, in order, and makes one call for each when nothing goes wrong', async () => {
    const world = createWorld(saga)
    expect(await run(world)).toEqual({ status: 'completed' })
    expect(world.log).toEqual(happy)
    expect(world.calls.map(({ activity, mode }) => [activity, mode])).toEqual(
      happy.map((name) => [name, 'local']),
    )
    expect(world.reports).toEqual([])
    expect(world.waits).toEqual([])
  })

  describe.each(steps.map((step, index) => ({ step, index })))('when $step', ({ step, index }) => {
    const undoneBefore = compensations.slice(0, index).reverse()

    it('refuses, undoes the steps before it in exact reverse order, and asks it only once', async () => {
      const world = createWorld(saga, { [step]: ['refuses'] })
      expect(await run(world)).toEqual({ status: 'rejected', reason: { code: 'REFUSED', step } })
      expect(world.log).toEqual([...steps.slice(0, index), ...undoneBefore])
      expect(world.calls.filter(({ activity }) => activity === step)).toHaveLength(1)
    })

    it('faults beyond its attempts, undoes it too, since it may have happened', async () => {
      const attempts = ATTEMPTS.giveUp
      const world = createWorld(saga, { [step]: [...repeat('loses its reply', attempts)] })
      expect(await run(world)).toEqual({ status: 'rejected', reason: { code: 'STEP_FAILED', step } })
      expect(world.log).toEqual([
        ...steps.slice(0, index + 1),
        ...compensations.slice(0, index + 1).reverse(),
      ])
      expect(world.effects).toEqual(new Set())
    })

    it('faults within its attempts, completes', async () => {
      const world = createWorld(saga, { [step]: [...repeat('faults', ATTEMPTS.giveUp - 1)] })
      expect(await run(world)).toEqual({ status: 'completed' })
      expect(world.log).toEqual(happy)
    })

    it('loses its reply, does not act twice', async () => {
      const world = createWorld(saga, { [step]: ['loses its reply'] })
      expect(await run(world)).toEqual({ status: 'completed' })
      expect(world.log).toEqual(happy)
    })

    it('may not be tried locally, goes to its queue at once', async () => {
      const world = createWorld(saga, { [step]: ['is not local'] })
      expect(await run(world)).toEqual({ status: 'completed' })
      expect(world.calls.filter(({ activity }) => activity === step).map(({ mode }) => mode)).toEqual([
        'local',
        'queue',
      ])
    })

    it('is dispatched to its queue by configuration, is never tried locally', async () => {
      const world = createWorld(saga)
      await run(world, { ...RUN, queued: [step] })
      expect(world.calls.filter(({ activity }) => activity === step).map(({ mode }) => mode)).toEqual([
        'queue',
      ])
    })

    it('is unavailable, waits longer and longer, spends no attempt, and reports it once', async () => {
      const world = createWorld(saga, { [step]: [...repeat('is unavailable', 8)] })
      expect(await run(world)).toEqual({ status: 'completed' })
      expect(world.waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
      expect(world.reports).toEqual([{ kind: 'waiting', step, why: 'UNAVAILABLE' }])
    })

    it('is unavailable in between, gets back none of the attempts that it spent', async () => {
      const spendsAll: Meeting[] = [
        'faults',
        'faults',
        'faults',
        'is unavailable',
        'faults',
        'is unavailable',
        'faults',
        'faults',
      ]
      const world = createWorld(saga, { [step]: spendsAll })
      expect(await run(world)).toMatchObject({ status: 'rejected', reason: { code: 'STEP_FAILED', step } })
      const spared = createWorld(saga, { [step]: spendsAll.slice(1) })
      expect(await run(spared)).toEqual({ status: 'completed' })
    })

    it('is unavailable until the deadline, turns back because of the deadline', async () => {
      const world = createWorld(saga, { [step]: [...repeat('is unavailable', 1000)] })
      expect(await run(world)).toEqual({ status: 'rejected', reason: { code: 'DEADLINE_EXCEEDED', step } })
      expect(world.nowMs).toBe(HOUR_MS)
      expect(world.effects).toEqual(new Set())
    })

    it('cannot be undone, lets the others be undone beside it, and closes when it has been', async () => {
      const round = ATTEMPTS.untilDone
      const compensate = compensations[index] ?? ''
      const last = steps.at(-1) ?? ''
      const world = createWorld(saga, {
        [saga.pivot.execute]: ['refuses'],
        [compensate]: [...repeat('faults', 2 * round)],
      })
      expect(await run(world)).toEqual({
        status: 'rejected',
        reason: { code: 'REFUSED', step: saga.pivot.execute },
      })
      const others = compensations.filter((name) => name !== compensate).reverse()
      // A parked one holds nobody up: it comes last, unless it is the only one.
      expect(world.log.at(-1)).toBe(compensate)
      const undone = world.log.filter((name) => compensations.includes(name))
      expect(undone.filter((name) => name !== compensate)).toEqual(others)
      expect(world.log).toContain(compensate)
      expect(world.reports).toEqual([
        { kind: 'parked', step, error: 'FAULT' },
        { kind: 'parked', step, error: 'FAULT' },
      ])
      expect(world.effects.has(last)).toBe(false)
    })
  })

  describe('whose compensation finds its provider away', () => {
    const away = (times: number) =>
      createWorld(saga, {
        awardPoints: ['refuses'],
        refundPayment: [...repeat('is unavailable', times)],
      })
    const minutes = (world: World) => world.waits.reduce((sum, ms) => sum + ms, 0) / 60_000

    it('reports that it waits, and keeps the order of the others for two minutes', async () => {
      const world = away(7)
      expect(await run(world)).toMatchObject({ status: 'rejected' })
      expect(minutes(world)).toBeGreaterThan(2)
      expect(world.reports).toEqual([{ kind: 'waiting', step: 'chargePayment', why: 'UNAVAILABLE' }])
      expect(world.log.slice(-3)).toEqual(['cancelShipment', 'refundPayment', 'releaseInventory'])
    })

    it('is parked after that with its class, lets the others be undone, and goes on asking', async () => {
      const world = away(20)
      expect(await run(world)).toMatchObject({ status: 'rejected' })
      expect(world.reports).toEqual([
        { kind: 'waiting', step: 'chargePayment', why: 'UNAVAILABLE' },
        { kind: 'parked', step: 'chargePayment', error: 'UNAVAILABLE' },
      ])
      expect(world.log.slice(-3)).toEqual(['cancelShipment', 'releaseInventory', 'refundPayment'])
      expect(Math.max(...world.waits)).toBe(60_000)
      expect(world.effects).toEqual(new Set())
    })

    it('is parked anew whenever it was woken for nothing, so that the one who woke it learns how it went', async () => {
      const world = away(12)
      const ports = world.ports()
      const woken: SagaPorts = {
        ...ports,
        wait: async (...how) => (await ports.wait(...how)) && 'woken',
      }
      await runSaga(saga, woken, RUN)
      const parkings = world.reports.filter(({ kind }) => kind === 'parked')
      // Seven waits are two minutes; each of the five that follow was woken.
      expect(parkings).toHaveLength(5)
    })
  })

  describe('whose reports are not recorded', () => {
    /** Ports whose first `lost` reports come to nothing, and what the record has of the others. */
    const losing = (world: World, lost: number) => {
      const ports = world.ports()
      const recorded: SagaChange[] = []
      const report: SagaPorts['report'] = async (change) => {
        await ports.report(change)
        if (world.reports.length <= lost) return false
        recorded.push(change)
        return true
      }
      return { ports: { ...ports, report }, recorded }
    }

    it('reports that it waits with its next look, and once it is recorded no more', async () => {
      const world = createWorld(saga, { chargePayment: [...repeat('is unavailable', 8)] })
      const { ports, recorded } = losing(world, 3)
      expect(await runSaga(saga, ports, RUN)).toEqual({ status: 'completed' })
      expect([world.reports.length, recorded]).toEqual([
        4,
        [{ kind: 'waiting', step: 'chargePayment', why: 'UNAVAILABLE' }],
      ])
    })

    it('reports that its undo is parked with its next look; the other undos have gone on by then', async () => {
      const away = { awardPoints: ['refuses'], refundPayment: [...repeat('is unavailable', 20)] } as Script
      const world = createWorld(saga, away)
      const { ports, recorded } = losing(world, 9)
      expect(await runSaga(saga, ports, RUN)).toMatchObject({ status: 'rejected' })
      expect([world.reports.length, recorded]).toEqual([
        10,
        [{ kind: 'parked', step: 'chargePayment', error: 'UNAVAILABLE' }],
      ])
      expect(world.log.slice(-3)).toEqual(['cancelShipment', 'releaseInventory', 'refundPayment'])
    })

    it('tries an undo again after a minute for as long as its parking is not recorded', async () => {
      const fails = {
        awardPoints: ['refuses'],
        refundPayment: [...repeat('faults', 5 * ATTEMPTS.untilDone)],
      } as Script
      const world = createWorld(saga, fails)
      expect(await runSaga(saga, losing(world, 3).ports, RUN)).toMatchObject({ status: 'rejected' })
      expect(world.waits).toEqual([60_000, 60_000, 60_000, 480_000, 960_000])
    })

    it('waits until the step that it leaves out is recorded, for five minutes at most', async () => {
      const left = { notifyCustomer: [...repeat('faults', ATTEMPTS.bestEffort)] } as Script
      const skipped = { kind: 'skipped', step: 'notifyCustomer', error: 'FAULT' } as const
      const world = createWorld(saga, left)
      const { ports, recorded } = losing(world, 2)
      expect(await runSaga(saga, ports, RUN)).toEqual({ status: 'completed' })
      expect([recorded, world.waits]).toEqual([[skipped], [1000, 2000]])
      const lost = createWorld(saga, left)
      expect(await runSaga(saga, losing(lost, 1000).ports, RUN)).toEqual({ status: 'completed' })
      expect(lost.reports).toHaveLength(SKIP_NOTES_MAX)
      expect(lost.waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(300_000)
    })
  })

  it('reports anew that it waits when the provider has taken the request and not decided', async () => {
    const world = createWorld(saga)
    const ports = world.ports()
    const told: CallOutcome[] = ['BREAKER_OPEN', 'RATE_LIMITED', 'PENDING', 'PENDING'].map((why) => ({
      kind: 'unavailable',
      why,
    }))
    const asking: SagaPorts = {
      ...ports,
      invoke: (call) => {
        const answer = call.activity === 'chargePayment' ? told.shift() : undefined
        return answer === undefined ? ports.invoke(call) : Promise.resolve(answer)
      },
    }
    expect(await runSaga(saga, asking, RUN)).toEqual({ status: 'completed' })
    expect(world.reports).toEqual([
      { kind: 'waiting', step: 'chargePayment', why: 'BREAKER_OPEN' },
      { kind: 'waiting', step: 'chargePayment', why: 'PENDING' },
    ])
  })

  describe('that is paused', () => {
    it.each(happy)(
      'at %s waits in sight, spends nothing, and completes when it is given back',
      async (paused) => {
        const world = createWorld(saga, { [paused]: [...repeat('is paused', 7)] })
        expect(await run(world)).toEqual({ status: 'completed' })
        expect(world.log).toEqual(happy)
        expect(world.waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000])
        expect(world.reports).toEqual([{ kind: 'waiting', step: paused, why: 'PAUSED' }])
      },
    )

    it.each([...steps, saga.pivot.execute])(
      'at %s until the deadline turns back because of the deadline',
      async (paused) => {
        const world = createWorld(saga, { [paused]: [...repeat('is paused', 1000)] })
        expect(await run(world)).toEqual({
          status: 'rejected',
          reason: { code: 'DEADLINE_EXCEEDED', step: paused },
        })
        expect([world.nowMs, world.effects]).toEqual([HOUR_MS, new Set()])
      },
    )

    it('at an optional step parks it in sight after two minutes, and goes on waiting', async () => {
      const world = createWorld(saga, { notifyCustomer: [...repeat('is paused', 20)] })
      expect(await run(world)).toEqual({ status: 'completed' })
      expect(world.log).toEqual(happy)
      expect(world.reports).toEqual([
        { kind: 'waiting', step: 'notifyCustomer', why: 'PAUSED' },
        { kind: 'parked', step: 'notifyCustomer', error: 'PAUSED' },
      ])
    })

    it('and finds its provider away when it is given back reports so', async () => {
      const world = createWorld(saga, { chargePayment: ['is paused', 'is unavailable', 'is paused'] })
      await run(world)
      expect(world.reports.map((change) => 'why' in change && change.why)).toEqual([
        'PAUSED',
        'UNAVAILABLE',
        'PAUSED',
      ])
    })
  })

  describe('whose pivot waits for a message', () => {
    it('waits once, until its deadline, and turns back then', async () => {
      const world = createWorld(returnSaga, { restockReturn: ['awaits a message'] })
      expect(await runSaga(returnSaga, world.ports(), RUN)).toEqual({
        status: 'rejected',
        reason: { code: 'DEADLINE_EXCEEDED', step: 'restockReturn' },
      })
      expect([world.waits, world.nowMs]).toEqual([[Number.POSITIVE_INFINITY], HOUR_MS])
      expect(world.reports).toEqual([{ kind: 'waiting', step: 'restockReturn', why: 'MESSAGE' }])
    })

    it('goes on when it is woken and all was said, and waits on when not', async () => {
      const world = createWorld(returnSaga, { restockReturn: repeat('awaits a message', 3) })
      const ports = world.ports()
      const wait: SagaPorts['wait'] = async (...args) => {
        await ports.wait(...args)
        world.nowMs = 0
        return 'woken'
      }
      expect(await runSaga(returnSaga, { ...ports, wait }, RUN)).toEqual({ status: 'completed' })
      expect(world.log).toEqual(['restockReturn', 'revokeReturnPoints', 'refundReturn'])
      expect(world.reports).toHaveLength(1)
    })
  })

  it.each([
    ['cannot record that it turns back', 'beginOrderCompensation'],
    ['cannot be closed', 'closeOrder'],
  ])('that %s is parked in sight at its reason, and tries again each minute', async (_, entry) => {
    const rounds = 8
    const world = createWorld(saga, {
      createShipment: ['refuses'],
      [entry]: repeat('faults', rounds * ATTEMPTS.untilDone),
    })
    expect(await run(world)).toMatchObject({ status: 'rejected', reason: { step: 'createShipment' } })
    expect(world.reports).toEqual(repeat({ kind: 'held', step: 'createShipment', error: 'FAULT' }, rounds))
    expect(world.waits).toEqual(repeat(60_000, rounds))
    expect(world.effects).toEqual(new Set())
  })

  it('asks its journal again when a person has answered for it by hand', async () => {
    const world = createWorld(saga, { createShipment: ['refuses'] })
    const ports = world.ports()
    const byHand = new Set(['beginOrderCompensation', 'closeOrder'])
    const answered: SagaPorts = {
      ...ports,
      invoke: (call) =>
        byHand.delete(call.activity) ? Promise.resolve({ kind: 'done', result: null }) : ports.invoke(call),
    }
    expect(await runSaga(saga, answered, RUN)).toMatchObject({ status: 'rejected' })
    expect([byHand.size, world.effects]).toEqual([0, new Set()])
  })

  it('does not begin a step once the deadline has passed', async () => {
    const world = createWorld(saga)
    world.nowMs = HOUR_MS
    expect(await run(world)).toEqual({
      status: 'rejected',
      reason: { code: 'DEADLINE_EXCEEDED', step: steps[0] },
    })
    expect(world.log).toEqual([])
  })

  it('does not begin its pivot once the deadline has passed', async () => {
    const world = createWorld(saga)
    const ports = world.ports()
    const late: SagaPorts = {
      ...ports,
      invoke(call) {
        if (call.activity === steps.at(-1)) world.nowMs = HOUR_MS
        return ports.invoke(call)
      },
    }
    expect(await runSaga(saga, late, RUN)).toEqual({
      status: 'rejected',
      reason: { code: 'DEADLINE_EXCEEDED', step: saga.pivot.execute },
    })
    expect(world.effects).toEqual(new Set())
  })

  it('waits as long as its provider asks for, and spends the attempt that was answered so', async () => {
    const world = createWorld(saga)
    const ports = world.ports()
    const told: CallOutcome[] = Array.from({ length: ATTEMPTS.giveUp }, () => ({
      kind: 'unavailable',
      retryAfterMs: 30_000,
      spent: 1,
    }))
    const asking: SagaPorts = {
      ...ports,
      invoke: (call) => {
        const answer = call.activity === steps[0] ? told.shift() : undefined
        return answer === undefined ? ports.invoke(call) : Promise.resolve(answer)
      },
    }
    expect(await runSaga(saga, asking, RUN)).toEqual({
      status: 'rejected',
      reason: { code: 'STEP_FAILED', step: steps[0] },
    })
    expect([told, world.waits]).toEqual([[], Array.from({ length: ATTEMPTS.giveUp }, () => 30_000)])
  })

  it('awaits a pivot that was in flight when the deadline came', async () => {
    const world = createWorld(saga, { [saga.pivot.execute]: [...repeat('is unavailable', 100)] })
    expect(await run(world)).toEqual({ status: 'completed' })
    expect(world.nowMs).toBeGreaterThan(HOUR_MS)
  })

  it('parks a pivot that gets no answer, and goes on with it later', async () => {
    const world = createWorld(saga, {
      [saga.pivot.execute]: [...repeat('faults', ATTEMPTS.untilAnswered)],
    })
    expect(await run(world)).toEqual({ status: 'completed' })
    expect(world.reports).toEqual([{ kind: 'parked', step: saga.pivot.execute, error: 'FAULT' }])
    expect(world.waits).toEqual([60_000])
  })

  it('leaves an optional step out after its attempts, and still completes', async () => {
    const world = createWorld(saga, { notifyCustomer: [...repeat('faults', ATTEMPTS.bestEffort)] })
    expect(await run(world)).toEqual({ status: 'completed' })
    expect(world.reports).toEqual([{ kind: 'skipped', step: 'notifyCustomer', error: 'FAULT' }])
  })

  it('waits a little for an optional step that is unavailable, and then leaves it out', async () => {
    const away = { notifyCustomer: [...repeat('is unavailable', ATTEMPTS.bestEffort - 1)] }
    const spared = createWorld(saga, away)
    expect(await run(spared)).toEqual({ status: 'completed' })
    expect([spared.log, spared.reports]).toEqual([happy, []])
    const world = createWorld(saga, { notifyCustomer: [...repeat('is unavailable', 100)] })
    expect(await run(world)).toEqual({ status: 'completed' })
    expect(world.reports).toEqual([{ kind: 'skipped', step: 'notifyCustomer', error: 'UNAVAILABLE' }])
    expect(world.waits).toEqual([1000, 2000, 4000, 8000])
  })

  it('repeats a step that is not optional until it is done, parked in between', async () => {
    const stubborn = { ...saga, retriable: [{ at: 'notification', execute: 'notifyCustomer' }] }
    const world = createWorld(stubborn, {
      notifyCustomer: [...repeat('faults', 3 * ATTEMPTS.untilDone - 1)],
    })
    expect(await runSaga(stubborn, world.ports(), RUN)).toEqual({ status: 'completed' })
    expect(world.log).toEqual(happy)
    expect(world.waits.slice(0, 2)).toEqual([60_000, 120_000])
  })

  it('goes forward when the row says that it was completed meanwhile', async () => {
    const world = createWorld(saga, { [saga.pivot.execute]: ['loses its reply'] })
    expect(await run(world)).toEqual({ status: 'completed' })
    expect(world.log).toEqual(happy)
  })

  it('reports the first reason, whatever fails while it turns back', async () => {
    const world = createWorld(saga, {
      createShipment: ['refuses'],
      beginOrderCompensation: ['faults', 'loses its reply'],
      refundPayment: [...repeat('faults', 20)],
      closeOrder: ['loses its reply'],
    })
    const outcome = await run(world)
    expect(outcome).toEqual({ status: 'rejected', reason: { code: 'REFUSED', step: 'createShipment' } })
  })

  it('runs all of it where a cancellation of the workflow cannot reach', async () => {
    const world = createWorld(saga)
    const ports = world.ports()
    let shielded = 0
    let unshielded = 0
    let depth = 0
    await runSaga(
      saga,
      {
        ...ports,
        shield(work) {
          depth += 1
          return work().finally(() => {
            depth -= 1
          })
        },
        invoke(call) {
          if (depth > 0) shielded += 1
          else unshielded += 1
          return ports.invoke(call)
        },
      },
      RUN,
    )
    expect([shielded, unshielded]).toEqual([happy.length, 0])
  })
})

const meeting = fc.constantFrom<Meeting>(
  'ok',
  'refuses',
  'faults',
  'loses its reply',
  'is unavailable',
  'is not local',
)
const activitiesOf = ({ compensatable, pivot, retriable, journal }: SagaDefinition): string[] => [
  ...compensatable.flatMap(({ execute, compensate }) => [execute, compensate]),
  ...[pivot, ...retriable].map(({ execute }) => execute),
  journal.begin,
  journal.close,
]

/** A journal refuses nothing and is never unavailable; everything else may meet anything, up to twelve times. */
const scriptOf = (saga: SagaDefinition): fc.Arbitrary<Script> =>
  fc
    .record(
      Object.fromEntries(activitiesOf(saga).map((name) => [name, fc.array(meeting, { maxLength: 12 })])),
    )
    .map((meetings) =>
      Object.fromEntries(
        Object.entries(meetings).map(([name, list]) => [
          name,
          name === saga.journal.begin || name === saga.journal.close
            ? list.map((met): Meeting => (met === 'refuses' || met === 'is unavailable' ? 'faults' : met))
            : list,
        ]),
      ),
    )

describe.each([...orderDefinitions, transferSaga])('whatever happens, the saga $name', (saga) => {
  const script = scriptOf(saga)

  it('either completes with every effect or ends with none', async () => {
    await fc.assert(
      fc.asyncProperty(script, async (meetings) => {
        const world = createWorld(saga, meetings)
        expectSound(saga, await runSaga(saga, world.ports(), RUN), world)
      }),
      { numRuns: 500 },
    )
  })

  it('may be started again from the top at any moment, any number of times, and be cancelled at any other', async () => {
    const crashes = fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 5 })
    const cancelAt = fc.option(fc.integer({ min: 1, max: 40 }))
    await fc.assert(
      fc.asyncProperty(script, crashes, cancelAt, async (meetings, crashPoints, cancelPoint) => {
        const world = createWorld(saga, meetings)
        let calls = 0
        const onCall = () => {
          calls += 1
          if (calls === cancelPoint) world.cancel()
        }
        for (const crashAt of crashPoints) {
          const crashed = new Promise<'crashed'>((resolve) => {
            const ports = world.ports({ crashAt, onCrash: () => resolve('crashed'), onCall })
            void runSaga(saga, ports, RUN).then(() => resolve('crashed'))
          })
          await crashed
        }
        const outcome = await runSaga(saga, world.ports({ onCall }), RUN)
        expectSound(saga, outcome, world)
      }),
      { numRuns: 500 },
    )
  })
})

function expectSound(saga: SagaDefinition, outcome: SagaOutcome, world: World): void {
  const compensations = new Set(saga.compensatable.map(({ compensate }) => compensate))
  expect(outcome.status).toBe(world.status)
  if (outcome.status === 'completed') {
    expect([...world.effects]).toEqual(
      expect.arrayContaining([...saga.compensatable, saga.pivot].map(({ execute }) => execute)),
    )
    expect(world.log.filter((name) => compensations.has(name))).toEqual([])
  } else {
    expect(world.effects).toEqual(new Set())
  }
  // Nothing happens twice, and nothing forward happens after the first undo.
  expect(new Set(world.log).size).toBe(world.log.length)
  const firstUndo = world.log.findIndex((name) => compensations.has(name))
  if (firstUndo >= 0) expect(world.log.slice(firstUndo).every((name) => compensations.has(name))).toBe(true)
}

const repeat = <const What>(what: What, times: number): What[] => Array.from({ length: times }, () => what)
