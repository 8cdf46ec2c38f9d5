import pino from 'pino'
import { Registry } from 'prom-client'
import { createRefusals } from '../../api/identity/refusals.ts'
import { countIntake } from '../../api/intake-metrics.ts'
import { watchInvariants } from '../../api/invariant-watch.ts'
import { createReconciliationGauges } from '../../api/reconciliation-metrics.ts'
import { watchClocks } from '../../clock-skew.ts'
import { createDiskMetrics } from '../../disk.ts'
import { createDispatchMetrics } from '../../dispatch/metrics.ts'
import { createRelayMetrics } from '../../events/outbox/relay-metrics.ts'
import type { Sql } from '../../events/store/sql.ts'
import { createMetrics } from '../../metrics.ts'
import type { Database } from '../../prisma/client.ts'
import { createProjectorMetrics } from '../../read-models/projector-metrics.ts'
import { PROJECTIONS } from '../../read-models/registry.ts'
import { createAttemptMetrics } from '../../workers/attempt-metrics.ts'
import { createChoreographyMetrics } from '../../workers/choreography-metrics.ts'
import { createProviderMetrics, watchBulkheads } from '../../workers/provider-watch.ts'
import { createReconciliationMetrics } from '../../workers/reconciliation-metrics.ts'
import { createSagaMetrics } from '../../workers/saga-metrics.ts'

const log = pino({ level: 'silent' })
const [sql, db] = [{} as Sql, {} as Database]
const away = () => Promise.reject(new Error('there is none'))

/** What the process of each name shows, without what it measures. A test of whole processes shows that none is missing. */
export async function createRegistries(): Promise<Record<string, Registry>> {
  const registries = Object.fromEntries(
    ['API', 'worker', 'relay', 'projector', 'choreography'].map((name) => [name, createMetrics()]),
  )
  const of = (name: string) => registries[name] ?? new Registry()
  const clocksOf = (metrics: Registry) =>
    watchClocks({ clocks: { database: away, temporal: away }, metrics, log })()
  const providersOf = (metrics: Registry) => {
    createProviderMetrics(metrics, log)
    watchBulkheads(metrics, [])
    createAttemptMetrics(metrics)
  }

  createDiskMetrics(of('API'), '.')
  createDispatchMetrics(of('API'), db)
  createReconciliationGauges(of('API'), db)
  countIntake(of('API'), [])
  createRefusals({ audit: { note: away } as never, metrics: of('API'), recordedAMinute: 1, onTrouble: away })
  await clocksOf(of('API'))
  await watchInvariants({
    url: 'postgresql://127.0.0.1:1/none',
    check: away,
    metrics: of('API'),
    intervalMs: 1000,
    onTrouble: () => undefined,
  })()

  providersOf(of('worker'))
  await clocksOf(of('worker'))
  createReconciliationMetrics(of('worker'))

  createRelayMetrics(of('relay'), sql)
  createSagaMetrics(of('relay'))

  createProjectorMetrics(of('projector'), sql, PROJECTIONS)

  providersOf(of('choreography'))
  createChoreographyMetrics(of('choreography'), sql)
  return registries
}
