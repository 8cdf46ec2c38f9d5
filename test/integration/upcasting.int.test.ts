import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOrderJournal } from '../../domain/order/journal.ts'
import { sagaStream } from '../../domain/saga/ids.ts'
import type { EventEnvelope } from '../../events/broker/envelope.ts'
import type { Projection } from '../../read-models/projection.ts'
import { PROJECTIONS } from '../../read-models/registry.ts'
import type { Order } from '../harness/api-client.ts'
import { readStream } from '../harness/event-stream.ts'
import { placeOrderRow } from '../harness/order-rows.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import { attemptStep } from '../harness/steps.ts'
import type { System } from '../harness/system.ts'

/** What each projection was given of the parked step, by its name. */
const seen: { projection: string; streamId: string; data: unknown }[] = []

const watched = PROJECTIONS.map((projection): Projection => ({
  ...projection,
  async apply(db, generation, events) {
    for (const { type, streamId, data } of events)
      if (type === 'StepParked') seen.push({ projection: projection.name, streamId, data })
    await projection.apply(db, generation, events)
  },
}))

let system: System
let orderId: string
let stream: string
beforeAll(async () => {
  system = await startSystem({ workers: false, events: { projections: watched } })
  orderId = await placeParkedByOldCode()
  stream = sagaStream('order', orderId)
})
afterAll(() => system.close())

/** An order whose release is parked, as the code wrote it whose StepParked said `error`. */
async function placeParkedByOldCode(): Promise<string> {
  const { db } = system
  const id = await placeOrderRow(db, { customerId: 'cus_old_shape' })
  await attemptStep(db, 'reserveInventory', id)
  const reason = { code: 'STEP_FAILED', step: 'chargePayment' }
  await createOrderJournal({ db }).beginCompensation(id, reason)
  await db.$transaction([
    db.$executeRaw`
      UPDATE step_fences SET state = 'undoing', parked_at = clock_timestamp(), parked_error = 'TIMEOUT'
       WHERE saga_id = ${id}::uuid AND step = 'reserveInventory'`,
    db.$queryRaw`
      SELECT 1 FROM saga_advance(${id}::uuid, 'parked', 'StepParked',
        '{"step": "reserveInventory", "error": "TIMEOUT"}', 1)`,
  ])
  return id
}

const TODAY = { step: 'reserveInventory', errorClass: 'TIMEOUT' }

describe('an event that was recorded in an old shape', () => {
  it('stays as it was recorded, and is read from the store in today’s shape', async () => {
    const recorded = await system.db.event.findFirst({ where: { streamId: stream, type: 'StepParked' } })
    expect(recorded).toMatchObject({ schemaVersion: 1, data: { error: 'TIMEOUT' } })
    expect((await system.api.events(orderId)).at(-1)).toMatchObject({ type: 'StepParked', data: TODAY })
  })

  it('is published as it was recorded, and applied in today’s shape by every read model', async () => {
    const [message] = await until('the event to be published', async () => {
      const found = await system.db.$queryRaw<{ envelope: EventEnvelope }[]>`
        SELECT envelope FROM broker_messages WHERE subject = ${stream} AND envelope->>'type' = 'ordersaga.StepParked'`
      return found.length === 0 ? undefined : found
    })
    expect(message?.envelope).toMatchObject({
      schemaversion: 1,
      data: { step: 'reserveInventory', error: 'TIMEOUT' },
    })
    for (const { name } of PROJECTIONS) {
      const given = await until(`${name} to apply it`, () =>
        seen.find(({ projection, streamId }) => projection === name && streamId === stream),
      )
      expect(given.data).toEqual(TODAY)
    }
    const summary = await until('the read model to say so', async () => {
      const page = await system.api.get<{ data: { status: string; steps: { parked: string[] } }[] }>(
        '/customers/cus_old_shape/orders',
      )
      return page.data[0]?.status === 'parked' ? page.data[0] : undefined
    })
    expect(summary.steps.parked).toEqual(['reserveInventory'])
  })

  it('is applied in today’s shape by a rebuild', async () => {
    seen.length = 0
    expect((await system.api.post('/operations/projections/order-summary/rebuild')).status).toBe(202)
    const given = await until('the rebuild to apply it', () =>
      seen.find(({ projection, streamId }) => projection === 'order-summary' && streamId === stream),
    )
    expect(given.data).toEqual(TODAY)
  })

  it('is sent in today’s shape by the streams, and folded so', async () => {
    const { sent } = await readStream(`${system.apiUrl}/operations/stream`, {
      lastEventId: '0',
      enough: (all) => all.some(({ event }) => event === 'StepParked'),
    })
    const parked = sent.find(({ event }) => event === 'StepParked')
    expect(parked?.data).toMatchObject({ streamId: stream, data: TODAY })
    const now = await system.api.order(orderId)
    const folded = await system.api.get<Order>(`/orders/${orderId}?asOfVersion=${now.version}`)
    expect(folded).toMatchObject({
      status: 'parked',
      steps: [{ compensation: 'parked' }, {}, {}, {}, {}, {}],
    })
  })

  it('violates no invariant', async () => {
    expect(await system.api.invariants()).toMatchObject({
      checks: expect.arrayContaining([
        expect.objectContaining({ name: 'status', ok: true }),
        expect.objectContaining({ name: 'order-of-events', ok: true }),
      ]) as unknown,
    })
  })
})
