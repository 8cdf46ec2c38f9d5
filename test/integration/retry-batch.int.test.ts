import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failingUntilRetried } from '../harness/holds.ts'
import { operatorActions } from '../harness/operator-actions.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

let system: System
beforeAll(async () => {
  // What is parked comes back by itself only after a minute: the retries of the batch come first.
  system = await startSystem({ input: { pace: 1 } })
})
afterAll(() => system.close())

describe.concurrent('a batch of retries', () => {
  interface Batch {
    id: string
    status: string
    total: number
    pending: number
    succeeded: number
    failed: number
  }
  const start = async (filter: object, rampPercent: number): Promise<Batch> => {
    const answer = await system.api.post('/operations/parked/retry', {
      filter,
      rampPercent,
      reason: 'after the outage',
    })
    expect(answer.status).toBe(202)
    const batch = (await answer.json()) as Batch
    expect(answer.headers.get('location')).toBe(`/operations/retries/${batch.id}`)
    return batch
  }
  const finished = (id: string) =>
    until(`retry ${id} to end`, async () => {
      const batch = await system.api.get<Batch>(`/operations/retries/${id}`)
      return batch.status === 'running' ? undefined : batch
    })

  it('goes wave by wave until the list is empty', async () => {
    // Points that cannot be revoked before an operator retries it.
    const customers = Array.from({ length: 8 }, (_, n) => `cus_batch_${n}`)
    const orders = await Promise.all(
      customers.map(async (customerId) => {
        system.interferences.plan(customerId, 'completeOrder', {
          kind: 'preceded',
          by: (id) => system.api.cancel(id),
        })
        system.interferences.plan(customerId, 'revokePoints', failingUntilRetried(system.db))
        const { id } = await system.api.place({ customerId })
        return system.api.reached(id, 'parked')
      }),
    )
    const none = await start({ step: 'awardPoints', errorClass: 'UNHEARD_OF' }, 25)
    expect(none.total).toBe(0)
    const batch = await start({ step: 'awardPoints' }, 25)
    expect(batch.total).toBe(8)
    expect(await finished(batch.id)).toMatchObject({ status: 'done', succeeded: 8, failed: 0, pending: 0 })
    expect(await finished(none.id)).toMatchObject({ status: 'done', succeeded: 0 })
    const waves = await system.db.retryBatchItem.groupBy({
      by: ['wave'],
      where: { batchId: batch.id },
      _count: true,
    })
    expect(waves.map(({ _count: size }) => size)).toEqual([2, 2, 2, 2])
    for (const { id } of orders) expect(await system.api.ended(id)).toMatchObject({ status: 'cancelled' })
    expect(await system.api.parked('?step=awardPoints')).toEqual([])
    const retries = await operatorActions(system.db, { step: 'awardPoints' })
    expect(retries.map(({ reason }) => reason)).toEqual(orders.map(() => 'after the outage'))
  })

  it('stops when the failures come back', async () => {
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const { id } = await system.api.place({ paymentMethod: 'pm_refund_fails', service: 'refused' })
        await system.api.reached(id, 'parked')
      }),
    )
    // Not always all four: on a busy machine the last attempt of one may run out of time instead.
    const total = (await system.api.parked('?step=chargePayment&errorClass=PROVIDER_ERROR&limit=100')).length
    const batch = await start({ step: 'chargePayment', errorClass: 'PROVIDER_ERROR' }, 25)
    expect(batch).toMatchObject({ status: 'running', total })
    const end = await finished(batch.id)
    expect(end.status).toBe('stopped')
    expect(end.failed).toBeGreaterThan(0)
    expect(end.failed).toBeLessThan(total)
    expect(end.pending).toBe(total - end.failed)
  })

  const change = async (id: string, what: string, reason?: string) => {
    const answer = await system.api.post(
      `/operations/retries/${id}/${what}`,
      reason === undefined ? {} : { reason },
    )
    const body = (await answer.json()) as Partial<Batch> & { code?: string }
    return [answer.status, body.status === undefined || body.code !== undefined ? body.code : body.status]
  }

  it('is paused, resumed and stopped by operators, who say why', async () => {
    const batch = await start({ step: 'notifyCustomer' }, 25)
    await finished(batch.id)
    // As it was before it ended.
    const setTo = (status: string) =>
      system.db.retryBatch.update({ where: { id: batch.id }, data: { status } })
    for (const what of ['pause', 'resume', 'stop'])
      expect(await change(batch.id, what, 'too late')).toEqual([409, 'RETRY_NOT_RUNNING'])
    await setTo('paused')
    expect(await change(batch.id, 'pause', 'twice')).toEqual([200, 'paused'])
    expect(await change(batch.id, 'stop')).toEqual([422, 'INVALID_REQUEST'])
    expect(await change(batch.id, 'stop', 'not needed')).toEqual([200, 'stopped'])
    expect(await change(batch.id, 'resume', 'too late')).toEqual([409, 'RETRY_NOT_RUNNING'])
    const unknown = '01a00000-0000-7000-8000-000000000001'
    expect(await change(unknown, 'pause', 'x')).toEqual([404, 'RETRY_NOT_FOUND'])
    expect(await operatorActions(system.db, { retryBatchId: batch.id })).toMatchObject([
      {
        actor: 'developer',
        action: 'stop',
        reason: 'not needed',
        before: { status: 'paused' },
        after: { status: 'stopped' },
      },
    ])
  })

  it('takes sagas of one kind alone', async () => {
    expect((await start({ kind: 'transfer' }, 25)).total).toBe(0)
    expect(await system.api.parked('?kind=transfer')).toEqual([])
  })
})
