import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { providerUrls, reconciliationSettings, type Config } from '../config.ts'
import { createDependencies } from '../domain/operations/dependencies.ts'
import { createTroubleLog } from '../logger.ts'
import type { Database } from '../prisma/client.ts'
import type { ProviderName } from '../providers.ts'
import { createProviderMetrics, reportProviders, watchBulkheads } from './provider-watch.ts'
import { createReconciliationMetrics } from './reconciliation-metrics.ts'
import { createServices, type WiringOptions } from './wiring.ts'

interface WatchedOptions extends Pick<WiringOptions, 'reach'> {
  db: Database
  metrics: Registry
  log: Logger
}

/** What the steps of a process call, as it is configured; how its providers fare is measured and reported. */
export function createWatchedServices(config: Config, { db, reach, metrics, log }: WatchedOptions) {
  const providerMetrics = createProviderMetrics(metrics, log)
  const { services, parcelFeed, providers, reconcilerWith } = createServices({
    db,
    urls: providerUrls(config),
    reach,
    hedgedReads: config.HEDGED_READS,
    adaptiveConcurrency: config.ADAPTIVE_CONCURRENCY,
    watch: (name) => providerMetrics(name, () => report.now()),
  })
  watchBulkheads(metrics, providers)
  const report = reportProviders(providers, createDependencies({ db }), log)
  const reconcilerFor = (served: readonly ProviderName[]) => {
    const outcomes = createReconciliationMetrics(metrics)
    return reconcilerWith({
      served,
      ...reconciliationSettings(config),
      onEnd: (outcome) => outcomes.inc({ outcome }),
      onTrouble: createTroubleLog(log),
    })
  }
  return { services, parcelFeed, report, reconcilerFor }
}
