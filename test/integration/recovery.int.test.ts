import type { IncomingMessage } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { readConfig } from '../../config.ts'
import { freePort } from '../../stack/ports.ts'
import { locateTemporalCli } from '../../stack/temporal-cli.ts'
import { startTemporal } from '../../stack/temporal.ts'
import { expectOrderCompleted, ORDER_TRIALS } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { startSlowLine } from '../harness/slow-line.ts'
import { startSystem } from '../harness/start.ts'
import type { System, SystemOptions } from '../harness/system.ts'
import { expectTurnedBack } from '../harness/trials.ts'

const closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(options: SystemOptions): Promise<System> {
  const system = await startSystem(options)
  closers.push(() => system.close())
  return system
}

describe('an order survives', () => {
  it('a request that reaches the payment gateway only after the charge was compensated', async () => {
    const isCharge = ({ method, url }: IncomingMessage) => method === 'POST' && url === '/charges'
    let line: Awaited<ReturnType<typeof startSlowLine>> | undefined
    const system = await start({
      input: { pace: 0.02 },
      providerUrls: async (url) => {
        line = await startSlowLine(url, isCharge)
        closers.push(() => line?.close())
        return { payment: line.url }
      },
    })
    const { id } = await system.api.place()
    await until('the charge to be on its way', () => ((line?.held() ?? 0) > 0 ? true : undefined))
    await system.api.cancel(id)
    expect(await system.api.ended(id)).toMatchObject({ status: 'cancelled' })
    const late = await line?.deliver()
    expect(late?.length).toBeGreaterThan(0)
    expect(new Set(late)).toEqual(new Set([409]))
    expect((await system.api.ledger(id)).charges).toEqual([])
    expect(await system.api.eventTypes(id)).toContain('PaymentVoided')
  })

  it('a reset to its first workflow task while a refund is failing: the refund is still owed, and made once', async () => {
    const system = await start({ input: { pace: 0.2 } })
    const { id, workflow } = await system.api.place({
      paymentMethod: 'pm_refund_fails_7',
      service: 'refused',
    })
    await until('the refund to fail', async () => {
      const { steps } = await system.api.order(id)
      return steps.some(({ name, compensation }) => name === 'chargePayment' && compensation === 'running')
        ? true
        : undefined
    })
    const handle = system.client.workflow.getHandle(workflow.id)
    const firstTask = await until('the first workflow task', async () => {
      const { events } = await handle.fetchHistory()
      return events?.find(
        ({ workflowTaskCompletedEventAttributes: task }) => task !== null && task !== undefined,
      )
    })
    await system.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: workflow.id },
      workflowTaskFinishEventId: firstTask.eventId ?? null,
      requestId: id,
      reason: 'test',
    })
    await expectTurnedBack(system, ORDER_TRIALS, await system.api.ended(id), {
      step: 'createShipment',
      code: 'SHIPMENT_REFUSED',
    })
  })

  it('a Temporal that is away when it is placed', async () => {
    const options = {
      cli: await locateTemporalCli(readConfig(), () => undefined),
      port: await freePort(),
      namespace: 'default',
    }
    let temporal = await startTemporal(options)
    closers.push(() => temporal.stop())
    const system = await start({ temporalAddress: temporal.address })
    await temporal.stop()
    const { id, status } = await system.api.place()
    expect(status).toBe('pending')
    expect(await system.api.get('/readyz')).toEqual({ status: 'ready' })
    expect((await fetch(`${system.apiUrl}/orders/${id}/history`)).status).toBe(503)
    temporal = await startTemporal(options)
    await expectOrderCompleted(system, await system.api.ended(id))
    // The note goes when Temporal has confirmed the start, which may be after the order has ended.
    await until('the note of the start to be gone', async () =>
      (await system.db.sagaStart.count()) === 0 ? true : undefined,
    )
  })
})
