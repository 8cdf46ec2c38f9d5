import type { z } from 'zod'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { timeline } from '../../api/resources/timeline.ts'
import { failingUntilRetried } from '../harness/holds.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts'

type Timeline = z.infer<typeof timeline>

/** What is parked comes back by itself only after a minute. */
let system: System
let line: TcpProxy
beforeAll(async () => {
  const [host = '', port] = inject('servers').temporalAddress.split(':')
  line = await startTcpProxy({ host, port: Number(port) })
  system = await startSystem({
    temporalAddress: `127.0.0.1:${line.port}`,
    events: true,
    input: { pace: 1 },
  })
})
afterAll(async () => {
  await system.close()
  line.close()
})

const timelineOf = (id: string): Promise<Timeline> => system.api.get<Timeline>(`/orders/${id}/timeline`)
const stepOf = ({ steps }: Timeline, name: string) => steps.find((step) => step.name === name)

describe('the timeline of an order', () => {
  it('has its steps as they began, with the keys and the references of its providers', async () => {
    const { id } = await system.api.run()
    await system.api.notified(id)
    const now = await timelineOf(id)
    expect(now.steps.map(({ name }) => name)).toEqual(
      (await system.api.order(id)).steps.map(({ name }) => name),
    )
    const charge = await system.db.charge.findFirstOrThrow({ where: { orderId: id } })
    const shipment = await system.db.shipment.findFirstOrThrow({ where: { orderId: id } })
    expect(stepOf(now, 'chargePayment')).toMatchObject({
      key: charge.key,
      reference: charge.providerRef,
      attempts: 1,
    })
    expect(stepOf(now, 'createShipment')).toMatchObject({
      key: shipment.key,
      reference: shipment.trackingNumber,
    })
    expect(stepOf(now, 'reserveInventory')).toMatchObject({
      key: null,
      reference: null,
      waitingFor: null,
      parkedAt: null,
      skippedAt: null,
    })
    expect([now.temporal, now.pending, now.actions]).toEqual(['answered', [], []])
  })

  it('follows its events to the broker and to the read models', async () => {
    const { id } = await system.api.run()
    await system.api.notified(id)
    const { version } = await system.api.order(id)
    const arrived = await until('its events to be applied', async () => {
      const now = await timelineOf(id)
      return now.readModels.every((model) => model.version === version) ? now : undefined
    })
    expect(arrived.readModels.map(({ name }) => name)).toEqual(['order-summary', 'sales', 'stock-levels'])
    expect(arrived.publications.map((publication) => publication.version)).toEqual(
      Array.from({ length: version }, (_, index) => index + 1),
    )
    expect(arrived.publications.filter(({ publishedAt }) => publishedAt === null)).toEqual([])
  })

  it('has what is tried at Temporal now, and what operators did', async () => {
    system.interferences.plan('cus_timeline', 'refundPayment', failingUntilRetried(system.db))
    const { id } = await system.api.place({ customerId: 'cus_timeline', service: 'refused' })
    const trying = await until('a queued attempt to have failed', async () => {
      const now = await timelineOf(id)
      return now.pending.some(({ lastFailure }) => lastFailure !== null) ? now : undefined
    })
    expect(trying.pending).toMatchObject([{ activity: 'refundPayment', lastFailure: 'INTERNAL' }])
    await system.api.reached(id, 'parked')
    expect(stepOf(await timelineOf(id), 'chargePayment')).toMatchObject({
      parkedAt: expect.anything() as string,
      parkedError: 'INTERNAL',
    })
    const retry = await system.api.post(`/operations/orders/${id}/retry`, { reason: 'it is back' })
    expect(retry.status).toBe(202)
    await system.api.ended(id)
    const ended = await timelineOf(id)
    expect(ended.actions).toMatchObject([
      { actor: 'developer', action: 'retry', step: null, reason: 'it is back' },
    ])
    expect(stepOf(ended, 'chargePayment')?.undoAttempts).toBeGreaterThan(0)
  })

  it('is there for an order alone', async () => {
    const answer = await fetch(`${system.apiUrl}/orders/01a00000-0000-7000-8000-000000000001/timeline`)
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
      404,
      'ORDER_NOT_FOUND',
    ])
  })

  it('says that Temporal is away while that does not answer, and has the rest', async () => {
    const { id } = await system.api.run()
    line.swallow()
    const now = await timelineOf(id)
    line.mend()
    expect([now.temporal, now.pending]).toEqual(['away', []])
    expect(stepOf(now, 'completeOrder')).toMatchObject({ attempts: 1 })
  })
})
