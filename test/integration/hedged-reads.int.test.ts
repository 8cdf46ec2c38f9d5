import type { RequestHandler } from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HEDGED_SHARE } from '../../domain/provider/hedge.ts'
import { expectOrdersCompleted } from '../harness/order-trials.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { startWorld } from '../harness/world.ts'

/** Reads of charges by their key: how often the provider got each, and whether it answers the first one. */
function createReadCounter() {
  const reads = new Map<string, number>()
  const state = { holdsFirst: false, aborted: [] as string[] }
  const handler: RequestHandler = (request, response, next) => {
    if (request.method !== 'GET' || !request.path.startsWith('/charges/')) return next()
    const key = decodeURIComponent(request.path.slice('/charges/'.length))
    const count = (reads.get(key) ?? 0) + 1
    reads.set(key, count)
    if (!state.holdsFirst || count > 1) return next()
    response.on('close', () => state.aborted.push(key))
  }
  return {
    handler,
    state,
    of: (orderId: string) => reads.get(`order:${orderId}:chargePayment`) ?? 0,
    total: () => [...reads.values()].reduce((sum, count) => sum + count, 0),
  }
}

const reads = createReadCounter()
let system: System
beforeAll(async () => {
  system = await startSystem({
    world: await startWorld(reads.handler),
    hedgedReads: true,
    input: { pace: 0.02 },
  })
  // Charges that are not decided are asked for often: by then it is known how long a read takes, and hedges are saved up.
  await Promise.all(Array.from({ length: 8 }, () => system.api.run({ paymentMethod: 'pm_pending_4000' })))
})
afterAll(() => system.close())

/** An order whose read was answered by its second copy. Where the machine is slow, a hedge may have gone elsewhere. */
async function orderOfWonHedge(): Promise<string> {
  for (let n = 0; n < 20; n += 1) {
    const wonBefore = wins()
    const { id } = await system.api.run({ paymentMethod: 'pm_lost_reply_1' })
    if (wins() > wonBefore) return id
  }
  throw new Error(`No hedge has won: ${system.hedges.join(', ')}`)
}

const wins = () => system.hedges.filter((each) => each === 'payment won').length

describe('a provider that does not answer a read', () => {
  it('is asked a second time at once, and the order goes on without the first answer', async () => {
    reads.state.holdsFirst = true
    const id = await orderOfWonHedge()
    reads.state.holdsFirst = false
    const key = `order:${id}:chargePayment`
    expect(reads.of(id)).toBe(2)
    expect(reads.state.aborted).toContain(key)
    const order = await system.api.order(id)
    // The local attempt whose answer was lost, and the one that both copies belong to.
    expect(order.steps.find(({ name }) => name === 'chargePayment')).toMatchObject({ attempts: 2 })
    await expectOrdersCompleted(system, [order])
  })
})

describe('providers that answer a tail of their calls late', () => {
  it('do nothing twice, and get no more than one read in twenty a second time', async () => {
    await system.world.break({ tail: { percent: 10, ms: 2000 } })
    const methods = ['pm_lost_reply_1', 'pm_pending_500', 'pm_ok']
    const orders = await Promise.all(
      Array.from({ length: 18 }, (_, n) => system.api.run({ paymentMethod: methods[n % 3] ?? 'pm_ok' })),
    )
    await system.world.mend()
    await expectOrdersCompleted(system, orders)
    const ledger = await system.api.ledger()
    const keys = Object.values(ledger).flatMap((rows) => rows.map(({ key }) => key))
    expect(new Set(keys).size).toBe(keys.length)
    const sent = system.hedges.filter((each) => each === 'payment sent').length
    expect(sent).toBeLessThanOrEqual(HEDGED_SHARE * reads.total())
  })
})
