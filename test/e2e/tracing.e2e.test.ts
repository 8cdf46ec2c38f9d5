import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startThrowawayStack } from '../../stack/throwaway.ts'
import type { Stack } from '../../stack/stack.ts'
import { createApiClient, orderBody, type ApiClient, type OrderWishes } from '../harness/api-client.ts'
import { startCollector, type Collector, type SeenSpan } from '../harness/collector.ts'
import { killHard } from '../harness/kill.ts'
import { until } from '../harness/poll.ts'

/** The processes of `npm start`, which send their spans to a collector in this one. */
let collector: Collector
let stack: Stack
let api: ApiClient
beforeAll(async () => {
  collector = await startCollector()
  stack = await startThrowawayStack(() => () => undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  api = createApiClient(stack.apiUrl, stack.sandboxUrl)
})
afterAll(async () => {
  await stack.stop()
  collector.close()
})

async function place(wishes: OrderWishes): Promise<{ id: string; traceId: string }> {
  const traceId = randomBytes(16).toString('hex')
  const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`
  const response = await api.post('/orders', orderBody(wishes), {
    'idempotency-key': randomUUID(),
    traceparent,
  })
  return { id: ((await response.json()) as { id: string }).id, traceId }
}

const pidOf = (name: string) => () =>
  [...stack.processes, ...stack.servers].find((process) => process.name === name)?.pid()

const has = (spans: readonly SeenSpan[], service: string, name: string) =>
  spans.some((span) => span.service === `ordersaga-${service}` && span.name === name)

const named = (spans: readonly SeenSpan[], name: string) => spans.filter((span) => span.name === name)

/** What each process does for an order that is completed, whichever way. */
const DONE = [
  ['api', 'POST /orders'],
  ['sandbox', 'POST /charges'],
  ['sandbox', 'POST /shipments'],
  ['relay', 'publish OrderCompleted'],
  ['projector', 'sales OrderCompleted'],
] as const

const isWhole = (runner: string) => (spans: readonly SeenSpan[]) =>
  DONE.every(([service, name]) => has(spans, service, name)) &&
  ['reserveInventory', 'chargePayment', 'createShipment', 'awardPoints', 'completeOrder'].every((step) =>
    has(spans, runner, step),
  )

it('a worker that is killed in the middle leaves one trace, in which each process has its spans', async () => {
  const { id, traceId } = await place({ service: 'slow_3000' })
  await until('the shipment to be asked for', async () => {
    const { steps } = await api.order(id)
    return steps.find(({ name }) => name === 'createShipment')?.state === 'running' ? true : undefined
  })
  await Promise.all(['worker-1', 'worker-2'].map((name) => killHard(name, pidOf(name))))
  expect(await api.ended(id)).toMatchObject({ status: 'completed', traceId })
  const spans = await collector.waitFor(traceId, 'the spans of all processes', isWhole('worker'))
  // It is the one workflow that goes on: all attempts, before the kill and after it, hang on its start.
  const [start, ...others] = named(spans, 'start order@1')
  expect(others).toEqual([])
  for (const step of ['reserveInventory', 'createShipment', 'completeOrder'])
    for (const { parentId } of named(spans, step)) expect(parentId).toBe(start?.spanId)
  expect(named(spans, 'publish OrderCompleted')).toHaveLength(1)
})

it('an order that is placed while Temporal is away is started when it is back, in the trace of its request', async () => {
  await killHard('Temporal', pidOf('Temporal'))
  const { id, traceId } = await place({})
  expect(await api.ended(id)).toMatchObject({ status: 'completed' })
  const spans = await collector.waitFor(traceId, 'the spans of all processes', isWhole('worker'))
  const [request] = named(spans, 'POST /orders')
  // One that Temporal did not answer in time may have been made, so it has a span, too.
  const starts = named(spans, 'start order@1')
  expect(starts.filter(({ isFailed }) => !isFailed)).toHaveLength(1)
  for (const { parentId } of starts) expect(parentId).toBe(request?.spanId)
})

it('a choreographed order is one trace, also if the process that runs it is killed', async () => {
  const { id, traceId } = await place({ coordination: 'choreography', service: 'slow_3000' })
  // What was made in the last second before a kill is not sent.
  await collector.waitFor(traceId, 'the charge', (spans) => has(spans, 'choreography', 'chargePayment'))
  await killHard('choreography', pidOf('choreography'))
  expect(await api.ended(id)).toMatchObject({ status: 'completed', traceId })
  const spans = await collector.waitFor(traceId, 'the spans of all processes', isWhole('choreography'))
  expect(named(spans, 'start order@1')).toEqual([])
  expect(has(spans, 'choreography', 'choreography-shipping PaymentCharged')).toBe(true)
})

it('a process that is stopped has sent what it made', async () => {
  const { id, traceId } = await place({})
  await api.ended(id)
  await stack.stop()
  const spans = collector.of(traceId)
  for (const [service, name] of [
    ['api', 'start order@1'],
    ['worker', 'completeOrder'],
    ['sandbox', 'POST /shipments'],
  ] as const)
    expect([name, has(spans, service, name)]).toEqual([name, true])
})
