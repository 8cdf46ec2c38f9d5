import { afterEach, describe, expect, it } from 'vitest'
import { PROVIDER_NAMES } from '../../providers.ts'
import { PARTICIPANT_NAMES } from '../../workers/bulkheads.ts'
import { orderSaga } from '../../workflows/order/steps.ts'
import { expectOrderCompleted } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { participantsOf, stepsOf } from '../harness/saga-steps.ts'
import { startSystem, startWorker } from '../harness/start.ts'
import type { System, SystemOptions } from '../harness/system.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(options: SystemOptions): Promise<System> {
  const system = await startSystem({ workers: false, ...options })
  closers.push(() => system.close())
  return system
}

function worker(system: System, participants: string[] = []) {
  const started = startWorker(system, { participants })
  closers.push(() => started.stop())
  return started
}

describe('a worker that is to stop', () => {
  it('finishes the charge it has in hand: no other has to ask for it again', async () => {
    const system = await start({})
    const leaving = worker(system)
    const { id } = await system.api.place({ paymentMethod: 'pm_slow_400' })
    await until('the charge to be made', async () =>
      (await system.api.ledger(id)).charges.length > 0 ? true : undefined,
    )
    await leaving.stop()
    expect(leaving.lines.at(-1)).toContain('draining')
    expect(await system.api.eventTypes(id)).toContain('PaymentCharged')
    worker(system)
    const order = await system.api.ended(id)
    await expectOrderCompleted(system, order)
    expect(order.steps.find(({ name }) => name === 'chargePayment')).toMatchObject({ attempts: 1 })
  })
})

describe('workers that serve chosen queues', () => {
  it('carry an order between them, each its own participants', async () => {
    const system = await start({ input: { queued: stepsOf(orderSaga).map(({ name }) => name) } })
    const ours = participantsOf(orderSaga).filter((name) => !(PROVIDER_NAMES as string[]).includes(name))
    const office = worker(system, ours)
    await office.working()
    const { id } = await system.api.place()
    await until('the charge to be waiting for its worker', async () => {
      const { steps } = await system.api.order(id)
      return steps.some(({ name, state }) => name === 'reserveInventory' && state === 'done')
        ? true
        : undefined
    })
    expect((await system.api.ledger(id)).charges).toEqual([])
    worker(system, PROVIDER_NAMES)
    await expectOrderCompleted(system, await system.api.ended(id))
  })

  it('refuse a name that is no participant', async () => {
    const system = await start({})
    const wrong = worker(system, ['postage'])
    await until('it to give up', () => (wrong.process.pid() === undefined ? true : undefined))
    expect(wrong.lines.join('\n')).toContain(
      `No participants: postage. There are ${PARTICIPANT_NAMES.join(', ')}.`,
    )
  })
})
