import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { orderSaga } from '../workflows/order/steps.ts'
import { outline } from '../workflows/saga/definition.ts'
import type { Policies } from './reaction.ts'
import type { Claimed, Reactions } from './reactions.ts'
import { startRunner, type MakeAttempt } from './runner.ts'

const POLICIES: Policies = {
  attempts: { giveUp: 6, untilAnswered: 9, untilDone: 9, bestEffort: 4 },
  parkAfterMs: 120_000,
  attemptTimeoutMs: 6000,
  backoff: { initialMs: 200, coefficient: 2, maxMs: 5000 },
  slowTimerMs: () => 60_000,
  waitingMs: () => 1000,
}

const charge = (sagaId: string): Claimed => ({
  sagaId,
  definition: orderSaga.name,
  activity: 'chargePayment',
  participant: 'payment',
  claim: 'claim',
  progress: {},
  isWoken: false,
  isLost: false,
  leftMs: 60_000,
})

/** Reactions to charge payments, of which some are due; `isAway` says whether the database fails the next record. */
function createTable(due: Claimed[], isAway: () => boolean = () => false) {
  const recorded: string[] = []
  /** The participants that each claim has asked for. */
  const claims: string[][] = []
  const record = (what: string) => async () => {
    if (isAway()) throw new Error('the database is away')
    recorded.push(what)
  }
  const reactions: Reactions = {
    claim: async (rooms) => {
      claims.push(rooms.map(({ participant }) => participant))
      return due.splice(0, rooms.find(({ participant }) => participant === 'payment')?.limit ?? 0)
    },
    end: record('end'),
    turnBack: record('turnBack'),
    skip: record('skip'),
    defer: record('defer'),
    watch: async () => ({ looked: 0, reached: undefined }),
  }
  return { reactions, recorded, claims }
}

const run = (reactions: Reactions, chargePayment: MakeAttempt) =>
  startRunner({
    reactions,
    outlines: { [orderSaga.name]: outline(orderSaga) },
    attempts: { chargePayment },
    policies: POLICIES,
    slotsOf: () => 2,
    perSecondOf: () => 50,
    onTrouble: () => undefined,
  })

const ticks = async (until: () => boolean) => {
  for (let tick = 0; tick < 1000 && !until(); tick += 1) await sleep(5)
}

describe('a runner', () => {
  it('records what came of an attempt when the database is back, and makes no other attempt for it', async () => {
    let failures = 3
    let made = 0
    const { reactions, recorded } = createTable([charge('a')], () => failures-- > 0)
    const runner = run(reactions, async () => {
      made += 1
      return { kind: 'done' }
    })
    await ticks(() => recorded.length > 0)
    await runner.stop()
    expect([made, recorded]).toEqual([1, ['end']])
  })

  it('makes no more attempts of a participant at once than it has slots', async () => {
    const { reactions, recorded } = createTable(['a', 'b', 'c', 'd', 'e'].map(charge))
    let current = 0
    let most = 0
    const runner = run(reactions, async () => {
      current += 1
      most = Math.max(most, current)
      await sleep(10)
      current -= 1
      return { kind: 'done' }
    })
    await ticks(() => recorded.length === 5)
    await runner.stop()
    expect([most, recorded.length]).toEqual([2, 5])
  })

  it('asks for all participants that have a free slot at once, and for none that has not', async () => {
    const { reactions, recorded, claims } = createTable(['a', 'b', 'c'].map(charge))
    let answer = (): void => undefined
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    const runner = run(reactions, async () => {
      await answered
      return { kind: 'done' }
    })
    const all = ['inventory', 'payment', 'shipping', 'loyalty', 'order', 'notification']
    await ticks(() => claims.length > 0)
    expect(claims[0]).toEqual(all)
    runner.look()
    await ticks(() => claims.length > 1)
    expect(claims[1]).toEqual(all.filter((participant) => participant !== 'payment'))
    answer()
    await ticks(() => recorded.length === 3)
    await runner.stop()
    expect(recorded).toEqual(['end', 'end', 'end'])
  })

  it('stops while it waits for something to do, and finishes what it has begun', async () => {
    const { reactions, recorded } = createTable([charge('a')])
    let answer = (): void => undefined
    let isBegun = false
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    const runner = run(reactions, async () => {
      isBegun = true
      await answered
      return { kind: 'unavailable', why: 'BREAKER_OPEN' }
    })
    await ticks(() => isBegun)
    const stopped = runner.stop()
    answer()
    await stopped
    expect(recorded).toEqual(['defer'])
  })
})
