import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import type { Database } from '../prisma/client.ts'
import { createDispatchMetrics } from './metrics.ts'

it('what cannot be measured is not a number, and not zero', async () => {
  const away = () => Promise.reject(new Error('away'))
  const registry = new Registry()
  createDispatchMetrics(registry, { $queryRaw: away, $queryRawUnsafe: away } as unknown as Database)
  const values = (await registry.metrics())
    .split('\n')
    .filter(
      (line) => line !== '' && !line.startsWith('#') && !line.startsWith('ordersaga_orphans_found_total'),
    )
    .map((line) => line.split(/[{ ]/)[0] + ' ' + line.split(' ').at(-1))
  expect(values).toEqual(
    [
      'ordersaga_start_lag_seconds',
      'ordersaga_orders_late',
      'ordersaga_intake_paused',
      'ordersaga_start_backlog',
      'ordersaga_wake_backlog',
      'ordersaga_parked_steps',
      'ordersaga_waiting_steps',
      'ordersaga_orphans',
    ].map((name) => `${name} Nan`),
  )
})
