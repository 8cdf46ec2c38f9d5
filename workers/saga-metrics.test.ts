import { randomUUID } from 'node:crypto'
import { Registry } from 'prom-client'
import { v7 } from 'uuid'
import { expect, it } from 'vitest'
import { createSagaMetrics } from './saga-metrics.ts'

const event = (type: string, data: object, id: string = v7()) => ({
  streamId: `order-${id}`,
  version: 1,
  type,
  schemaVersion: 1,
  data,
  recordedAt: new Date(),
})

const seriesOf = async (registry: Registry) =>
  (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#')).length

/** What one order may say, with a reason that no release knows. */
const life = () => [
  event('OrderPlaced', {}),
  event('CompensationBegun', { code: `CODE_${randomUUID()}` }),
  event('PaymentRefunded', {}),
  event(`Type${randomUUID()}`, {}),
  event('OrderRejected', { code: randomUUID() }),
  event('OrderCompleted', {}),
  { ...event('OrderCompleted', {}), streamId: `order-${randomUUID()}` },
  { ...event('OrderCompleted', {}), streamId: 'order-no-id' },
]

it('there are as many series after ten thousand orders as after one', async () => {
  const registry = new Registry()
  const count = createSagaMetrics(registry)
  count(life())
  const before = await seriesOf(registry)
  for (let orders = 0; orders < 10_000; orders += 1) count(life())
  expect(await seriesOf(registry)).toBe(before)
  expect(before).toBeLessThan(200)
})
