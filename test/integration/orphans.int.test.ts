import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { bundleWorkflows } from '../../workers/bundle.ts'
import type { Order } from '../harness/api-client.ts'
import { untilReleased } from '../harness/holds.ts'
import { expectOrderCompleted, ORDER_TRIALS } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { TRANSFER_TRIALS } from '../harness/transfer-trials.ts'
import { expectTurnedBack } from '../harness/trials.ts'

let system: System

const workflowOf = ({ workflow }: Pick<Order, 'workflow'>) => system.client.workflow.getHandle(workflow.id)

const restartsOf = async (id: string) =>
  (await system.api.events(id)).filter(({ type }) => type === 'WorkflowRestarted')

const restarted = (id: string) =>
  until('the workflow to be started again', async () =>
    (await restartsOf(id)).length > 0 ? true : undefined,
  )

/** An order that waits for the payment gateway, which is away until `system.world.mend()`. */
async function waitingOrder(): Promise<Order> {
  await system.world.break({ payment: 'limited' })
  const { id } = await system.api.place()
  return system.api.reached(id, 'waiting')
}

const terminate = (order: Order) => workflowOf(order).terminate('test')

async function deleteWorkflow({ workflow }: Order): Promise<void> {
  await system.client.workflowService.deleteWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: workflow.id },
  })
  await until('the workflow to be deleted', () =>
    workflowOf({ workflow })
      .describe()
      .then(
        () => undefined,
        () => true,
      ),
  )
}

/** Instead of its workflow the order has one that has had no time to do anything. */
async function timeOut(order: Order): Promise<void> {
  await terminate(order)
  const { type } = await workflowOf(order).describe()
  await system.client.workflow.start(type, {
    workflowId: order.workflow.id,
    taskQueue: `${system.prefix}.nobody`,
    workflowExecutionTimeout: '1s',
  })
  await workflowOf(order)
    .result()
    .catch(() => undefined)
}

describe('a saga whose workflow is gone', () => {
  beforeAll(async () => {
    // With relay and projector: they hold locks of the database, as the search does.
    system = await startSystem({ input: { pace: 0.1 }, orphanAfterSeconds: 1, events: true })
  })
  afterAll(() => system.close())
  afterEach(() => system.world.mend())

  it.each([
    { how: 'terminated', lose: terminate, found: 'TERMINATED' },
    { how: 'deleted', lose: deleteWorkflow, found: 'MISSING' },
    { how: 'timed out', lose: timeOut, found: 'TIMED_OUT' },
  ])(
    'is found and completed when its workflow was $how: the event says so, and nothing is done twice',
    async ({ lose, found }) => {
      const order = await waitingOrder()
      await lose(order)
      await restarted(order.id)
      await system.world.mend()
      await expectOrderCompleted(system, await system.api.ended(order.id))
      const [first] = await restartsOf(order.id)
      expect(first?.data).toEqual({ found, restart: 1 })
      expect(await system.api.invariants()).toMatchObject({ ok: true })
    },
  )

  it('goes on compensating when it was compensating, and owes the same refund once', async () => {
    const { failing, release } = untilReleased()
    system.interferences.plan('cus_back', 'refundPayment', failing)
    const { id } = await system.api.place({ customerId: 'cus_back', service: 'refused' })
    const order = await system.api.reached(id, 'compensating')
    await terminate(order)
    await restarted(id)
    release()
    await expectTurnedBack(system, ORDER_TRIALS, await system.api.ended(id), {
      step: 'createShipment',
      code: 'SHIPMENT_REFUSED',
    })
  })

  it('is found also when it is a transfer, which then completes', async () => {
    await system.stopWorkers()
    await system.api.openAccount('gone_from', 500)
    await system.api.openAccount('gone_to', 0)
    const transfer = await system.api.transfer('gone_from', 'gone_to', 200)
    await until('the workflow to be started', async () =>
      (await system.db.sagaStart.count({ where: { sagaId: transfer.id } })) === 0 ? true : undefined,
    )
    await workflowOf(transfer).terminate('test')
    await until('the workflow to be started again', async () =>
      (await system.db.sagaWatch.count({ where: { sagaId: transfer.id, restarts: 1 } })) > 0
        ? true
        : undefined,
    )
    await system.startWorkers()
    expect(await system.api.transferEnded(transfer.id)).toMatchObject({ status: 'completed' })
    expect(await TRANSFER_TRIALS.eventTypes(system, transfer.id)).toContain('WorkflowRestarted')
    expect(await system.api.account('gone_to')).toMatchObject({ balanceMinor: 200 })
  })

  it('is started again once where two processes look for it', async () => {
    await system.openApi()
    const orders = [await waitingOrder(), await waitingOrder(), await waitingOrder()]
    for (const order of orders) await terminate(order)
    for (const { id } of orders) await restarted(id)
    await system.world.mend()
    for (const { id } of orders) {
      await system.api.ended(id)
      expect(await restartsOf(id)).toHaveLength(1)
    }
  })

  it('has not lost its workflow where that was reset: nothing is started', async () => {
    const order = await waitingOrder()
    const task = await until('the first workflow task', async () => {
      const { events } = await workflowOf(order).fetchHistory()
      return events?.find((event) => (event.workflowTaskCompletedEventAttributes ?? undefined) !== undefined)
    })
    await system.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: order.workflow.id },
      workflowTaskFinishEventId: task.eventId ?? null,
      requestId: order.id,
      reason: 'test',
    })
    await until('the order to be looked for, and its workflow to be found', async () =>
      (await system.db.sagaWatch.count({ where: { sagaId: order.id, checks: { gt: 0 } } })) > 0
        ? true
        : undefined,
    )
    await system.world.mend()
    await system.api.ended(order.id)
    expect(await restartsOf(order.id)).toEqual([])
  })
})

describe('a cancel of an order whose workflow is gone', () => {
  it('takes effect at once: the wake that finds no workflow has it looked for', async () => {
    system = await startSystem({ input: { pace: 0.1 }, orphanAfterSeconds: 3600 })
    try {
      const order = await waitingOrder()
      await terminate(order)
      expect((await system.api.cancel(order.id)).status).toBe(202)
      await restarted(order.id)
      await system.world.mend()
      expect(await system.api.ended(order.id)).toMatchObject({ status: 'cancelled' })
      expect(await restartsOf(order.id)).toHaveLength(1)
      expect(await system.api.invariants()).toMatchObject({ ok: true })
    } finally {
      await system.close()
    }
  })
})

describe('an order whose workflow fails by a bug', () => {
  it('is parked as an orphan after five restarts, is left alone then, and is completed by a retry once the bug is mended', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-failing-'))
    const bundle = path.join(folder, 'workflows.js')
    const entry = path.join(import.meta.dirname, '../harness/failing-workflows/index.ts')
    await writeFile(bundle, await bundleWorkflows(entry))
    system = await startSystem({ bundle, orphanAfterSeconds: 0.1 })
    try {
      const { id } = await system.api.place()
      const parked = await system.api.reached(id, 'parked')
      expect(parked.steps.map(({ state }) => state)).toEqual(['parked', ...Array(5).fill('pending')])
      expect(await system.api.parked()).toMatchObject([
        { orderId: id, step: 'reserveInventory', errorClass: 'ORPHAN' },
      ])
      expect((await restartsOf(id)).map(({ data }) => data)).toEqual(
        [1, 2, 3, 4, 5].map((restart) => ({ found: 'FAILED', restart })),
      )
      expect(await system.api.get(`/orders/${id}?asOfVersion=${parked.version}`)).toMatchObject({
        status: 'parked',
      })
      expect(await system.api.invariants()).toMatchObject({ ok: true })
      expect(await system.db.sagaWatch.findUnique({ where: { sagaId: id } })).toMatchObject({ checkAt: null })
      await system.stopWorkers()
      await system.startWorkers(inject('servers').bundle)
      await system.api.post(`/operations/orders/${id}/retry`, { reason: 'the bug is mended' })
      await expectOrderCompleted(system, await system.api.ended(id))
      expect(await restartsOf(id)).toHaveLength(6)
    } finally {
      await system.close()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
