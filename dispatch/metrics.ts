import { Counter, Gauge, type Registry } from 'prom-client'
import type { Database } from '../prisma/client.ts'
import { DECIDED_WITHIN_SECONDS } from '../domain/operations/objective.ts'
import { isTerminal, SAGA_STATUSES } from '../domain/saga/status.ts'

/** An outage lets everybody wait: a count must not cost more then. */
const COUNTED_MAX = 10_000

/**
 * All of them, also in an outage, up to what one hour of it brings: the objective counts by how this grows. By the
 * statuses that there are: an index finds those.
 */
const LATE_MAX = 200_000
const OPEN = SAGA_STATUSES.filter((status) => !isTerminal(status))
const LATE = `
  SELECT count(*)::float8 AS value FROM (
    SELECT FROM sagas WHERE status IN (${OPEN.map((status) => `'${status}'`).join(', ')}) AND definition LIKE 'order@%'
       AND created_at < clock_timestamp() - interval '${DECIDED_WITHIN_SECONDS} seconds' LIMIT ${LATE_MAX}) AS late`

const counted = (where: string) => `
  SELECT split_part(s.definition, '@', 1) AS kind, f.step, count(*)::float8 AS count
    FROM (SELECT saga_id, step FROM step_fences WHERE ${where} LIMIT ${COUNTED_MAX}) f
    CROSS JOIN LATERAL (SELECT definition FROM sagas WHERE id = f.saga_id LIMIT 1) s
   GROUP BY 1, 2 ORDER BY 1, 2`
const PARKED = counted('parked_at IS NOT NULL')
const WAITING = counted('waiting_for IS NOT NULL AND parked_at IS NULL')

/** What is reported of starts, parked and waiting steps, and orphans. The gauges are measured when they are read, in whatever process. */
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
  const byStep = (name: string, help: string, text: string) =>
    new Gauge({
      name,
      help,
      labelNames: ['kind', 'step'],
      registers,
      async collect() {
        const rows = await db
          .$queryRawUnsafe<{ kind: string; step: string; count: number }[]>(text)
          .catch(() => undefined)
        this.reset()
        // Unknown is not none.
        if (rows === undefined) this.set({ kind: '', step: '' }, Number.NaN)
        else for (const { count, ...labels } of rows) this.set(labels, count)
      },
    })
  // An alert goes off when it stays above ten seconds: Temporal is away, or takes less than is placed.
  measured(
    'ordersaga_start_lag_seconds',
    'Age of the oldest saga whose workflow is not yet known to run',
    () => db.$queryRaw`
      SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS value FROM saga_starts`,
  )
  measured(
    'ordersaga_orders_late',
    `Orders that were taken in more than ${DECIDED_WITHIN_SECONDS} seconds ago and are not decided`,
    () => db.$queryRawUnsafe<{ value: number }[]>(LATE),
  )
  measured(
    'ordersaga_intake_paused',
    '1 while operators have paused the intake',
    () => db.$queryRaw`
      SELECT (EXISTS (SELECT FROM maintenance WHERE intake = 'paused'))::integer::float8 AS value`,
  )
  measured(
    'ordersaga_start_backlog',
    'Sagas whose workflow is not yet known to run',
    () => db.$queryRaw`SELECT count(*)::float8 AS value FROM saga_starts`,
  )
  measured(
    'ordersaga_wake_backlog',
    'Sagas that are to be woken',
    () => db.$queryRaw`SELECT count(*)::float8 AS value FROM saga_wakes`,
  )
  byStep('ordersaga_parked_steps', 'Steps, or their undos, that no machine could settle', PARKED)
  byStep('ordersaga_waiting_steps', `Steps that wait; ${COUNTED_MAX} are counted at most`, WAITING)
  // An alert goes off when there is any for five minutes.
  measured(
    'ordersaga_orphans',
    'Sagas with work left whose workflow was found to be gone, and that have not moved since',
    () => db.$queryRaw`
      SELECT count(*)::float8 AS value FROM saga_watches w JOIN sagas s ON s.id = w.saga_id AND s.version = w.version
       WHERE w.orphan_since IS NOT NULL`,
  )
  const orphans = new Counter({
    name: 'ordersaga_orphans_found_total',
    help: 'Sagas whose workflow was gone, by what was done: restarted, or parked after too many restarts',
    labelNames: ['verdict'],
    registers,
  })
  for (const verdict of ['restarted', 'parked']) orphans.inc({ verdict }, 0)
  return { orphans }
}
