import { describe, expect, it } from 'vitest'
import type { Participant } from '../../domain/participants.ts'
import { PARTICIPANT_NAMES } from '../../workers/bulkheads.ts'
import { orderSaga } from '../../workflows/order/steps.ts'
import { returnSaga } from '../../workflows/return/steps.ts'
import { cancelAfter } from '../harness/cancel-after.ts'
import { settled } from '../harness/failure-matrix.ts'
import { isWholeMatrix } from '../harness/matrix.ts'
import {
  CHOREOGRAPHED_TRIALS,
  COMPOSED_TRIALS,
  expectOrderCompleted,
  ORDER_TRIALS,
} from '../harness/order-trials.ts'
import { participantsOf, pointsIn, stepsOf, triedSteps } from '../harness/saga-steps.ts'
import { startReactorProcess, startSystem, startWorker } from '../harness/start.ts'
import { AT_A_PROVIDER } from '../harness/survival.ts'
import type { System, SystemOptions } from '../harness/system.ts'
import { TRANSFER_TRIALS } from '../harness/transfer-trials.ts'
import type { WatchedProcess } from '../harness/watched-process.ts'
import { ended, expectCompleted, expectTurnedBack, type Shown, type Trials } from '../harness/trials.ts'

/** A worker that dies is missed after 2 s, so that these tests need not wait for the default of 4 s. */
const WITHOUT_WORKERS = { workers: false, workflowTaskTimeoutMs: 2000 }

/** The party of every saga here: each is alone in its system. */
const PARTY = 'cus_alone'

/** What runs a saga: a process that dies at its failpoint, and others in this process that go on. */
interface Engine {
  options: SystemOptions
  startDoomed: (system: System, participants: readonly Participant[], failpoint: string) => WatchedProcess
  startOthers: (system: System) => Promise<void>
}

const WORKERS: Engine = {
  options: WITHOUT_WORKERS,
  startDoomed: (system, participants, failpoint) =>
    startWorker(system, { participants, failpoints: [failpoint] }),
  startOthers: (system) => system.startWorkers(),
}

const REACTORS: Engine = {
  options: { workers: false, events: true },
  startDoomed: (system, _participants, failpoint) => startReactorProcess(system, [failpoint]),
  startOthers: (system) => system.startChoreography(),
}

const engineOf = (trials: object): Engine => (trials === CHOREOGRAPHED_TRIALS ? REACTORS : WORKERS)

/** Runs one saga in a system of its own: its first process dies at `failpoint`, and others in this process go on. */
async function outliving<Wishes, S extends Shown>(
  trials: Trials<Wishes, S>,
  failpoint: string,
  meanwhile: (system: System, placed: { id: string }) => Promise<void>,
  prepare: (system: System) => Promise<void> | void = () => undefined,
): Promise<void> {
  const participants = participantsOf(trials.definition)
  const { options, startDoomed, startOthers } = engineOf(trials)
  const system = await startSystem({ ...options, participants })
  const doomed = startDoomed(system, participants, `${failpoint}=kill`)
  try {
    await prepare(system)
    const placed = await trials.place(system, PARTY)
    await doomed.died()
    await startOthers(system)
    await meanwhile(system, placed)
  } finally {
    await doomed.stop()
    await system.close()
  }
}

async function expectInvariants({ api }: System): Promise<void> {
  expect((await api.invariants()).checks.filter(({ ok }) => !ok)).toEqual([])
}

/**
 * Before a step, nothing of it has happened yet; after it, a step at a provider is recorded as one of ours is: both are
 * tried in the whole matrix.
 */
const killPoints = (activity: string, step: Parameters<typeof pointsIn>[1]): string[] => {
  const whole = pointsIn(activity, step)
  if (isWholeMatrix) return whole
  const own = step.provider === undefined ? ['after'] : ['before-call', 'before-record']
  return whole.filter((at) => own.some((point) => at === `${activity}:${point}`))
}

/** @param only the step at which its workers are killed; without it, every one that is tried. */
function describeKills<Wishes, S extends Shown>(
  what: string,
  trials: Trials<Wishes, S>,
  only?: string,
): void {
  const all = stepsOf(trials.definition)
  const tried = triedSteps(trials.definition).filter(({ name }) => name === (only ?? name))
  const points = tried.flatMap((step) => killPoints(step.name, step).map((at) => ({ at, step })))

  /** What a provider does while a worker is killed in the middle of a call to it: only in the whole matrix. */
  const hardships = tried
    .filter(({ provider }) => isWholeMatrix && provider !== undefined)
    .flatMap(({ name }) =>
      Object.entries(AT_A_PROVIDER).flatMap(([hardship, misbehaviour]) =>
        ['before-call', 'before-record'].map((point) => ({
          at: `${name}:${point}`,
          hardship,
          name,
          misbehaviour,
        })),
      ),
    )

  /** Each undo: the saga is cancelled once its step is done, and turns back at the next. */
  const undoPoints = tried.flatMap((step) =>
    step.undo === undefined
      ? []
      : killPoints(step.undo, step).map((at) => ({
          at,
          after: step.name,
          next: all[all.findIndex(({ name }) => name === step.name) + 1]?.name ?? '',
        })),
  )

  describe.concurrent(`a worker that is killed with SIGKILL while it carries ${what}`, () => {
    it.each(points)('at $at costs no effect and doubles none', async ({ at, step: { name, kind } }) => {
      await outliving(trials, at, async (system, { id }) => {
        await expectCompleted(system, trials, await ended(system, trials, id))
        if (kind === 'retriable') expect(await settled(system, trials, id, name)).toBe('done')
        await expectInvariants(system)
      })
    })

    it.for(hardships)(
      'at $at, while its provider $hardship, costs no effect and doubles none',
      async ({ at, name, misbehaviour }) => {
        await outliving(
          trials,
          at,
          async (system, { id }) => {
            await expectCompleted(system, trials, await ended(system, trials, id))
            expect(system.interferences.isMet(PARTY, name)).toBe(true)
            await expectInvariants(system)
          },
          ({ interferences }) => interferences.planAtProvider(PARTY, name, misbehaviour),
        )
      },
    )

    it.each(undoPoints)('at $at costs no compensation and doubles none', async ({ at, after, next }) => {
      await outliving(
        trials,
        at,
        async (system, { id }) => {
          const turning = { step: next, code: 'CANCELLED_BY_CUSTOMER' }
          await expectTurnedBack(system, trials, await ended(system, trials, id), turning)
          await expectInvariants(system)
        },
        ({ admin }) => cancelAfter(admin, after),
      )
    })
  })
}

describeKills('an order', ORDER_TRIALS)
// The kernel is the same one: outside the matrix, the workers of one saga are killed.
if (isWholeMatrix) {
  describeKills('a transfer', TRANSFER_TRIALS)
  describeKills('a choreographed order', CHOREOGRAPHED_TRIALS)
  for (const { what, at, trials } of COMPOSED_TRIALS) describeKills(what, trials, at)
}

describe.concurrent('a process of choreography that is killed with SIGKILL', () => {
  it.each([
    'choreography:before-commit',
    'choreography:after-commit',
    'chargePayment:before-call',
    'chargePayment:before-record',
  ])('at %s costs no effect and doubles none', async (at) => {
    await outliving(CHOREOGRAPHED_TRIALS, at, async (system, { id }) => {
      await expectCompleted(system, CHOREOGRAPHED_TRIALS, await ended(system, CHOREOGRAPHED_TRIALS, id))
      await expectInvariants(system)
    })
  })
})

describe('a worker that is killed after the pivot’s commit and before its workflow task ends', () => {
  it('leaves an order that stays completed, whatever asks for its end: nothing is refunded', async () => {
    await outliving(ORDER_TRIALS, `${orderSaga.pivot.execute}:after`, async (system, { id }) => {
      const { workflow } = await system.api.order(id)
      const running = system.client.workflow.getHandle(workflow.id)
      const answer = await system.api.cancel(id)
      expect([answer.status, await answer.json()]).toEqual([
        409,
        expect.objectContaining({ code: 'ORDER_NOT_CANCELLABLE' }),
      ])
      await running.signal('anything')
      await running.cancel()
      await running.result()
      await expectOrderCompleted(system, await system.api.ended(id))
    })
  })
})

const frozenAt = triedSteps(orderSaga)
  .filter(({ provider }) => provider !== undefined)
  .flatMap(({ name }) =>
    ['before', 'before-call', 'before-record'].map((point) => ({
      step: name,
      at: `${name}:${point}`,
      /** The provider has had its effect, and the worker has not recorded it. */
      hasEffect: point === 'before-record',
    })),
  )

describe.concurrent('a worker that is frozen until its order is compensated, and then wakes up', () => {
  it.each(frozenAt)('at $at leaves no effect that stands', async ({ step, at, hasEffect }) => {
    const participants = participantsOf(orderSaga)
    const system = await startSystem({ ...WITHOUT_WORKERS, participants })
    const zombie = startWorker(system, { participants, failpoints: [`${at}=stop`] })
    try {
      const { id } = await system.api.place()
      await zombie.frozen()
      expect((await system.api.cancel(id)).status).toBe(202)
      await system.startWorkers()
      expect(await system.api.ended(id)).toMatchObject({ status: 'cancelled' })
      zombie.thaw()
      // Draining waits for the attempt that it had in hand.
      await zombie.stop()
      const order = await system.api.order(id)
      expect(order).toMatchObject({ status: 'cancelled' })
      const names = stepsOf(orderSaga).map(({ name }) => name)
      const undone = names.slice(0, names.indexOf(step) + (hasEffect ? 1 : 0))
      await ORDER_TRIALS.expectEffects(system, order, undone)
      await expectInvariants(system)
    } finally {
      await zombie.stop()
      await system.close()
    }
  })
})

/** A return is carried on by whoever is left: the order before it is the doomed worker's, too. */
describe.concurrent('a worker that is killed with SIGKILL while it carries a return', () => {
  const points = stepsOf(returnSaga).flatMap((step) => killPoints(step.name, step))
  it.each(points)('at %s gives back what came back, once', async (at) => {
    const system = await startSystem(WITHOUT_WORKERS)
    const doomed = startWorker(system, { participants: PARTICIPANT_NAMES, failpoints: [`${at}=kill`] })
    try {
      const { api, world } = system
      const order = await api.run({ customerId: PARTY })
      const { id } = await api.askToReturn(order.id, { reason: 'It leaks.' })
      await world.receiveParcel(id)
      await doomed.died()
      await system.startWorkers()
      await api.returned(id, 'refunded')
      expect((await api.ledger(order.id)).refunds).toMatchObject([{ amountMinor: order.totalMinor }])
      expect((await api.loyalty(PARTY)).balance).toBe(0)
      await expectInvariants(system)
    } finally {
      await doomed.stop()
      await system.close()
    }
  })
})
