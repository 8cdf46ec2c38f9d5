import { Counter, Gauge, type Registry } from 'prom-client'
import type { Database } from '../prisma/client.ts'

/** What is reported of starts and orphans. The gauges are measured when they are read, in whatever process. */
export function createDispatchMetrics(registry: Registry, db: Database) {
  const registers = [registry]
  const measured = (name: string, help: string, measure: () => Promise<{ value: number }[]>) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        // Unknown is not zero.
        const [row] = await measure().catch(() => [])
        this.set(row?.value ?? Number.NaN)
      },
    })
  // An alert goes off when it stays above ten seconds: Temporal is away, or takes less than is placed.
  measured(
    'ordersaga_start_lag_seconds',
    'Age of the oldest saga whose workflow is not yet known to run',
    () => db.$queryRaw`
      SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS value FROM saga_starts`,
  )
  // An alert goes off when there is any for five minutes.
  measured(
    'ordersaga_orphans',
    'Sagas with work left whose workflow was found to be gone, and that have not moved since',
    () => db.$queryRaw`
      SELECT count(*)::float8 AS value FROM saga_watches w JOIN sagas s ON s.id = w.saga_id AND s.version = w.version
       WHERE w.orphan_since IS NOT NULL`,
  )
  return {
    orphans: new Counter({
      name: 'ordersaga_orphans_found_total',
      help: 'Sagas whose workflow was gone, by what was done: restarted, or parked after too many restarts',
      labelNames: ['verdict'],
      registers,
    }),
  }
}
