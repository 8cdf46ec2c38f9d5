import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { bundleWorkflowCode } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createIntake } from '../../domain/order/intake.ts'
import { PROJECTIONS } from '../../read-models/registry.ts'
import { createLogger } from '../../logger.ts'
import { ROOT } from '../../root.ts'
import { startTracing, type StopTracing } from '../../start-tracing.ts'
import { inTrace } from '../../tracing.ts'
import { replayHistory } from '../../workers/replay-history.ts'
import { CONTRACTS } from '../../api/contracts.ts'
import { orderBody } from '../harness/api-client.ts'
import { pathTo, startCollector, type Collector, type SeenSpan } from '../harness/collector.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

/** A read model cannot apply the orders of this customer. */
const UNLUCKY = 'cus_unlucky'
const CONSUMERS = PROJECTIONS.map(({ name }) => name)

const lines: Record<string, unknown>[] = []

let system: System
let collector: Collector
beforeAll(async () => {
  collector = await startCollector()
  system = await startSystem({
    log: createLogger('test', { LOG_LEVEL: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) }),
    events: {
      projections: PROJECTIONS.map((projection) => ({
        ...projection,
        async apply(db, generation, events) {
          const isUnlucky = events.some(({ data }) => Object(data).customerId === UNLUCKY)
          if (projection.name === 'sales' && isUnlucky) throw new RangeError('unlucky')
          await projection.apply(db, generation, events)
        },
      })),
    },
    choreography: true,
    input: { pace: 0.02 },
    isTraced: true,
  })
})
afterAll(async () => {
  await system.close()
  collector.close()
})

const tracingTo = (endpoint: string, ratio = 1, onTrouble: (what: string) => void = () => undefined) =>
  startTracing('test', { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER_ARG: ratio }, onTrouble)

/** A client's own trace, and the span of it that makes the request. */
function newTrace(flags = '01') {
  const traceId = randomBytes(16).toString('hex')
  const spanId = randomBytes(8).toString('hex')
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` }
}

async function placeIn(
  { traceparent }: { traceparent: string },
  wishes: Parameters<typeof orderBody>[0] = {},
) {
  const headers = { 'idempotency-key': randomUUID(), traceparent }
  const response = await system.api.post('/orders', orderBody(wishes), headers)
  expect(response.status).toBe(202)
  return ((await response.json()) as { id: string }).id
}

/** The paths to all spans, each once. A look-up by key follows an answer that was late, on a busy machine. */
const pathsOf = (spans: readonly SeenSpan[]) =>
  [...new Set(spans.map((span) => pathTo(span, spans)))].filter((text) => !text.includes('GET /')).toSorted()

const called = (provider: string, call: string) => [`${provider} ${call}`, `${provider} ${call} > ${call}`]

/** What the events of an order leave in its trace: each is published once, and taken in once by each read model. */
const publications = (types: readonly string[]) =>
  types.flatMap((type) => [
    `POST /orders > publish ${type}`,
    ...CONSUMERS.map((name) => `POST /orders > publish ${type} > ${name} ${type}`),
  ])

/** Once all events of an order are in all read models, and every span of it has arrived. */
async function traceOf(traceId: string, id: string): Promise<readonly SeenSpan[]> {
  const types = await system.api.eventTypes(id)
  const last = types.at(-1)
  return collector.waitFor(traceId, `the ends of ${types.join(', ')}`, (spans) => {
    const ended = spans.filter(({ name }) => CONSUMERS.some((consumer) => name === `${consumer} ${last}`))
    return ended.length === CONSUMERS.length
  })
}

function expectOneTrace(spans: readonly SeenSpan[], client: { spanId: string }) {
  const ids = new Set([client.spanId, ...spans.map(({ spanId }) => spanId)])
  expect(spans.filter(({ parentId }) => !ids.has(parentId ?? ''))).toEqual([])
  expect(ids.size).toBe(spans.length + 1)
}

/** The numbers of the attempts that have a span, by activity. */
const attemptsIn = (spans: readonly SeenSpan[], activity: string) =>
  spans
    .filter(({ attributes }) => attributes['ordersaga.activity'] === activity)
    .map(({ attributes }) => Number(attributes['ordersaga.attempt']))
    .toSorted((a, b) => a - b)

const loadedSdk = () =>
  Object.keys(createRequire(import.meta.url).cache).filter((file) =>
    /@opentelemetry.(sdk|exporter|otlp)/.test(file),
  )

describe('while tracing is off', () => {
  it('no SDK is loaded, nothing is stored, and no history and no answer has anything of a trace', async () => {
    const stop = await startTracing(
      'test',
      { OTEL_EXPORTER_OTLP_ENDPOINT: undefined, OTEL_TRACES_SAMPLER_ARG: 1 },
      () => undefined,
    )
    const id = await placeIn(newTrace())
    const order = await system.api.ended(id)
    expect(order).toMatchObject({ status: 'completed', traceId: null, traceUrl: null })
    expect(loadedSdk()).toEqual([])
    const rows = await system.db.outbox.findMany({ where: { streamId: `order-${id}` } })
    expect(rows.map(({ traceParent }) => traceParent)).toEqual(rows.map(() => null))
    expect(await system.db.saga.findUnique({ where: { id } })).toMatchObject({ traceParent: null })
    expect(JSON.stringify(await system.api.history(id))).not.toContain('_tracer-data')
    const refused = await system.api.post('/orders', {}, { 'idempotency-key': randomUUID() })
    expect(await refused.json()).not.toHaveProperty('traceId')
    await stop()
  })
})

describe('while tracing is on', () => {
  let stop: StopTracing
  beforeAll(async () => {
    stop = await tracingTo(collector.url)
  })
  afterAll(() => stop())

  describe.concurrent('one request is one trace, with a span of each attempt, call and event, for an order that', () => {
    it('is completed', async () => {
      const client = newTrace()
      const id = await placeIn(client)
      await system.api.ended(id)
      await system.api.notified(id)
      const order = await system.api.order(id)
      const spans = await traceOf(client.traceId, id)
      const started = 'POST /orders > start order@1'
      expect(pathsOf(spans)).toEqual(
        [
          'POST /orders',
          started,
          ...[
            'reserveInventory',
            'awardPoints',
            'completeOrder',
            'notifyCustomer',
            'chargePayment',
            'createShipment',
          ].map((step) => `${started} > ${step}`),
          ...called('payment', 'POST /charges').map((call) => `${started} > chargePayment > ${call}`),
          ...called('shipping', 'POST /shipments').map((call) => `${started} > createShipment > ${call}`),
          ...publications(await system.api.eventTypes(id)),
        ].toSorted(),
      )
      expectOneTrace(spans, client)
      for (const { name, attempts } of order.steps)
        expect(attemptsIn(spans, name)).toEqual(Array.from({ length: attempts }, (_, n) => n + 1))
      expect(order).toMatchObject({
        traceId: client.traceId,
        traceUrl: `http://traces.test/trace/${client.traceId}`,
      })
      expect(spans.find(({ name }) => name === 'chargePayment')?.attributes).toMatchObject({
        'ordersaga.saga.id': id,
        'ordersaga.outcome': 'done',
      })
      expect(JSON.stringify(spans)).not.toMatch(/cus_|pm_ok|Utrecht|High St/)
    })

    it('is turned back', async () => {
      const client = newTrace()
      const id = await placeIn(client, { service: 'refused' })
      await system.api.ended(id)
      const spans = await traceOf(client.traceId, id)
      const started = 'POST /orders > start order@1'
      expect(pathsOf(spans)).toEqual(
        expect.arrayContaining([
          `${started} > beginOrderCompensation`,
          ...called('payment', 'POST /refunds').map((call) => `${started} > refundPayment > ${call}`),
          `${started} > releaseInventory`,
          `${started} > closeOrder`,
          ...publications(await system.api.eventTypes(id)),
        ]),
      )
      expectOneTrace(spans, client)
      expect(spans.find(({ name }) => name === 'createShipment')?.attributes).toMatchObject({
        'ordersaga.outcome': 'refused',
        'ordersaga.code': expect.any(String) as string,
      })
    })

    it('has attempts that fail, each with its number and its fault', async () => {
      const client = newTrace()
      const id = await placeIn(client, { paymentMethod: 'pm_flaky_3' })
      await system.api.ended(id)
      const spans = await traceOf(client.traceId, id)
      const charges = spans.filter(({ name }) => name === 'chargePayment')
      const numbers = attemptsIn(spans, 'chargePayment')
      expect(numbers).toEqual(numbers.map((_, n) => n + 1))
      expect(numbers.length).toBeGreaterThanOrEqual(4)
      const faults = charges.filter(({ isFailed }) => isFailed)
      expect(faults.length).toBe(numbers.length - 1)
      expect(faults.map(({ attributes }) => attributes)).toContainEqual(
        expect.objectContaining({ 'ordersaga.outcome': 'fault', 'error.type': 'PROVIDER_ERROR' }),
      )
      expect(new Set(charges.map(({ attributes }) => attributes['ordersaga.attempt.local']))).toEqual(
        new Set([true, false]),
      )
      const logged = () => lines.filter(({ orderId }) => orderId === id)
      await until('its end to be logged', () => logged().find(({ msg }) => msg === 'order completed'))
      const ours = logged().filter(({ component }) => component === undefined)
      expect(new Set(ours.map(({ msg }) => msg))).toEqual(new Set(['accepted', 'fault', 'order completed']))
      expect(new Set(ours.map(({ traceId }) => traceId))).toEqual(new Set([client.traceId]))
    })

    it('is choreographed: each attempt hangs on the request, and each reactor on its event', async () => {
      const client = newTrace()
      const id = await placeIn(client, { coordination: 'choreography' })
      await system.api.ended(id)
      await system.api.notified(id)
      const spans = await traceOf(client.traceId, id)
      expectOneTrace(spans, client)
      expect(pathsOf(spans)).toEqual(
        expect.arrayContaining([
          ...['reserveInventory', 'awardPoints', 'completeOrder', 'notifyCustomer'].map(
            (step) => `POST /orders > ${step}`,
          ),
          ...called('payment', 'POST /charges').map((call) => `POST /orders > chargePayment > ${call}`),
          'POST /orders > publish OrderPlaced > choreography-inventory OrderPlaced',
          'POST /orders > publish InventoryReserved > choreography-payment InventoryReserved',
          ...publications(await system.api.eventTypes(id)),
        ]),
      )
      // A reactor that an event asks nothing of leaves no span.
      expect(pathsOf(spans)).not.toContain(
        'POST /orders > publish OrderPlaced > choreography-payment OrderPlaced',
      )
    })

    it('is a transfer: the events of its accounts are in its trace, too', async () => {
      const open = async (openingBalanceMinor: number) => {
        const response = await system.api.post('/accounts', {
          ownerId: 'cus_alice',
          currency: 'EUR',
          openingBalanceMinor,
        })
        return ((await response.json()) as { id: string }).id
      }
      const [sourceAccountId, destinationAccountId] = [await open(500), await open(0)]
      const client = newTrace()
      const response = await system.api.post(
        '/transfers',
        { sourceAccountId, destinationAccountId, amountMinor: 100, currency: 'EUR' },
        { 'idempotency-key': randomUUID(), traceparent: client.traceparent },
      )
      expect(response.status).toBe(202)
      const spans = await collector.waitFor(client.traceId, 'the events', (all) =>
        ['publish TransferCompleted', 'publish MoneyWithdrawn'].every((name) =>
          all.some((span) => span.name === name),
        ),
      )
      expect(pathsOf(spans)).toContain('POST /transfers > start transfer@1 > withdrawMoney')
    })

    it('cannot be applied by a read model: the failure is in the trace, and the dead letter names it', async () => {
      const client = newTrace()
      const id = await placeIn(client, { customerId: UNLUCKY })
      const letter = await until('a dead letter', async () => {
        const { data } = await system.api.get<{ data: Record<string, unknown>[] }>(
          `/operations/dead-letters?streamId=order-${id}`,
        )
        return data[0]
      })
      expect(letter).toMatchObject({
        consumer: expect.stringContaining('sales') as string,
        traceId: client.traceId,
        traceUrl: `http://traces.test/trace/${client.traceId}`,
      })
      await collector.waitFor(client.traceId, 'a second attempt at the event', (spans) => {
        const tried = spans.filter(({ name, isFailed }) => /^sales.* OrderPlaced$/.test(name) && isFailed)
        return tried.length >= 2
      })
    })
  })

  it('a batch of events is a trace of its own that links to those of its events', async () => {
    const client = newTrace()
    const id = await placeIn(client)
    await system.api.ended(id)
    await traceOf(client.traceId, id)
    const linking = await until('the batches', () => {
      const found = collector.all().filter(({ links }) => links.includes(client.traceId))
      return found.length > CONSUMERS.length ? found : undefined
    })
    expect(new Set(linking.map(({ name }) => name))).toEqual(
      new Set(['publish a batch', ...CONSUMERS.map((name) => `${name} takes in a batch`)]),
    )
    for (const { traceId, parentId } of linking)
      expect([traceId === client.traceId, parentId]).toEqual([false, undefined])
  })

  it('an event that the broker delivers again leaves no second span', async () => {
    const client = newTrace()
    const id = await placeIn(client)
    await system.api.ended(id)
    await system.api.notified(id)
    const before = (await traceOf(client.traceId, id)).length
    await system.admin.$executeRaw`UPDATE broker_cursors SET position = 0`
    const later = newTrace()
    const next = await placeIn(later)
    await system.api.ended(next)
    await system.api.notified(next)
    await traceOf(later.traceId, next)
    expect(collector.of(client.traceId)).toHaveLength(before)
  })

  it('an order that is started later, by another process than the one that took it in, is in the same trace', async () => {
    const client = newTrace()
    const intake = createIntake({ db: system.db, compose: CONTRACTS.order.compose, newId: randomUUID })
    const { order } = await inTrace(client.traceparent, () =>
      intake.place('someone', randomUUID(), { ...orderBody(), customerId: 'cus_alice' }),
    )
    await system.api.ended(order.id)
    const spans = await collector.waitFor(client.traceId, 'its steps', (all) =>
      all.some(({ name }) => name === 'completeOrder'),
    )
    expect(pathsOf(spans)).toContain('start order@1 > completeOrder')
  })

  it('a replay makes no span, with or without the code that carries the trace', async () => {
    const client = newTrace()
    const id = await placeIn(client, { paymentMethod: 'pm_flaky_1' })
    await system.api.ended(id)
    await system.api.notified(id)
    const before = (await traceOf(client.traceId, id)).length
    const history: unknown = await system.api.history(id)
    expect(JSON.stringify(history)).toContain('_tracer-data')
    const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} }
    const workflowsPath = path.join(ROOT, 'workflows', 'index.ts')
    await replayHistory({ codePath: inject('servers').bundle }, history)
    await replayHistory(await bundleWorkflowCode({ workflowsPath, logger: quiet }), history)
    // Spans are sent in order: when that of a later request has arrived, so have all before it.
    const later = newTrace()
    await placeIn(later)
    await collector.waitFor(later.traceId, 'the request', (spans) =>
      spans.some(({ name }) => name === 'POST /orders'),
    )
    expect(collector.of(client.traceId)).toHaveLength(before)
  })

  it('a workflow that its worker has forgotten goes on in its trace, with no attempt twice', async () => {
    const client = newTrace()
    const id = await placeIn(client, { paymentMethod: 'pm_pending_2000' })
    await until('it to wait', async () =>
      (await system.api.order(id)).status === 'waiting' ? true : undefined,
    )
    await system.stopWorkers()
    await system.startWorkers()
    await system.api.ended(id)
    await system.api.notified(id)
    const spans = await traceOf(client.traceId, id)
    expectOneTrace(spans, client)
    expect(attemptsIn(spans, 'reserveInventory')).toEqual([1])
  })

  it('a refused request names its trace in its problem, also where the client had none', async () => {
    const client = newTrace()
    const headers = { 'idempotency-key': randomUUID() }
    const refused = await system.api.post('/orders', {}, { ...headers, traceparent: client.traceparent })
    expect(await refused.json()).toMatchObject({ traceId: client.traceId })
    const unknown = (await (await system.api.post('/orders', {}, headers)).json()) as { traceId: string }
    expect(unknown.traceId).toMatch(/^[0-9a-f]{32}$/)
    await collector.waitFor(unknown.traceId, 'the request', (spans) => spans.length === 1)
  })

  it('a trace that the client does not record is recorded nowhere, and the order names none', async () => {
    const client = newTrace('00')
    const id = await placeIn(client)
    expect(await system.api.ended(id)).toMatchObject({ status: 'completed', traceId: null })
    await system.api.notified(id)
    const later = newTrace()
    const next = await placeIn(later)
    await system.api.ended(next)
    await traceOf(later.traceId, next)
    expect(collector.of(client.traceId)).toEqual([])
  })
})

describe('a collector harms no order that', () => {
  it('hangs: the order is completed, and the process ends without its answer', async () => {
    const asked: string[] = []
    const server = createServer((request) => void asked.push(request.url ?? '')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const stop = await tracingTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const id = await placeIn(newTrace())
    expect(await system.api.ended(id)).toMatchObject({ status: 'completed' })
    await until('the collector to be asked', () => (asked.length > 0 ? true : undefined))
    await stop()
    expect(new Set(asked)).toEqual(new Set(['/v1/traces']))
    server.closeAllConnections()
    server.close()
  })

  it('is away: the order is completed, and the trouble is reported', async () => {
    const troubles: string[] = []
    const stop = await tracingTo('http://127.0.0.1:9', 1, (what) => void troubles.push(what))
    const id = await placeIn(newTrace())
    expect(await system.api.ended(id)).toMatchObject({ status: 'completed' })
    await until('the trouble to be reported', () => (troubles.length > 0 ? true : undefined))
    await stop()
  })
})
