import type { Client } from '@temporalio/client'
import type pg from 'pg'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { v7 as uuid } from 'uuid'
import { createAccounts } from '../domain/account/accounts.ts'
import { createPersonalData } from '../domain/customer/personal-data.ts'
import { createCatalogue } from '../domain/inventory/catalogue.ts'
import { createDifferences } from '../domain/reconciliation/differences.ts'
import { createRuns } from '../domain/reconciliation/runs.ts'
import { RECONCILED } from '../domain/reconciliation/steps.ts'
import { createLoyalty } from '../domain/loyalty/loyalty.ts'
import { createDependencies } from '../domain/operations/dependencies.ts'
import { createFailures } from '../domain/operations/failures.ts'
import { createInvariants, type ProviderLedgers } from '../domain/operations/invariants.ts'
import { createMaintenance } from '../domain/operations/maintenance.ts'
import { createOverview } from '../domain/operations/overview.ts'
import { createParking } from '../domain/operations/parking.ts'
import { createRetryBatches } from '../domain/operations/retry-batches.ts'
import { createTimeline } from '../domain/operations/timeline.ts'
import { createIntake } from '../domain/order/intake.ts'
import { createOrderJournal } from '../domain/order/journal.ts'
import { createOrderQueries } from '../domain/order/queries.ts'
import { createDispatchMetrics } from '../dispatch/metrics.ts'
import { createOrphans } from '../dispatch/orphans.ts'
import { createOrphanSearch } from '../dispatch/search.ts'
import { createStarts } from '../dispatch/starts.ts'
import { createWorkflows } from '../dispatch/workflows.ts'
import { purgeKeys } from '../domain/saga/idempotency.ts'
import { createReturnIntake } from '../domain/return/intake.ts'
import { createReturnMessages } from '../domain/return/messages.ts'
import { createReturnQueries } from '../domain/return/queries.ts'
import { createTransferIntake } from '../domain/transfer/intake.ts'
import { createTransferJournal } from '../domain/transfer/journal.ts'
import { createTransferQueries } from '../domain/transfer/queries.ts'
import { createAggregates } from '../events/store/aggregate.ts'
import { createEventStore } from '../events/store/store.ts'
import { createTail } from '../events/outbox/tail.ts'
import { sqlOf } from '../events/store/sql.ts'
import { shareRuns } from '../events/share-runs.ts'
import { createDeadLetterDesk } from '../events/inbox/dead-letter-desk.ts'
import { createProjectionDesk } from '../read-models/projection-desk.ts'
import { createOrderSummaryQueries } from '../read-models/order-summary.ts'
import { createSalesQueries } from '../read-models/sales.ts'
import { createStockQueries } from '../read-models/stock-levels.ts'
import { createTroubleLog } from '../logger.ts'
import type { Database } from '../prisma/client.ts'
import { PROVIDER_NAMES, type PerProvider, type ProviderName } from '../providers.ts'
import type { SagaInput } from '../workflows/saga/contract.ts'
import { CONTRACTS, definitionsOf, stepsOfOrders, type Contracts } from './contracts.ts'
import { createReconciliationGauges } from './reconciliation-metrics.ts'
import { createOrderFeeds } from './resources/order-feeds.ts'
import { createSagaStarter } from '../dispatch/starter.ts'
import type { TemporalPlace } from './resources/saga.ts'

export interface ApiWiring {
  db: Database
  /** For starts, wakes and orphans: no crowd of requests keeps a saga that was taken in from being started. */
  dispatchDb: Database
  /** For the streams of events: however many watch, the orders have their connections. */
  streamDb: Database
  /** For the invariants, with a session as they need it. */
  checkDb: Database
  /** For read models, dead letters and the overview: a report that takes long takes nothing from the orders. */
  reads: pg.Pool
  client: Client
  log: Logger
  /** The name of a participant's task queue. */
  queueOf: (participant: string) => string
  workflowTaskTimeoutMs: number
  /** The sagas that are started and shown; the registry's unless said otherwise. */
  contracts?: Contracts
  /** What new sagas carry with them. */
  input: Pick<SagaInput, 'queued' | 'pace'>
  /** A saga with work left that has not moved for so long is looked for at Temporal. */
  orphanAfterSeconds: number
  /** What is personal of an order is erased so many days after its end; without it, it is kept until that is wished. */
  personalDataDays?: number | undefined
  /** A return that has come to nothing by then expires; 30 days unless said otherwise. */
  returnExpiresAfterSeconds?: number | undefined
  metrics: Registry
  /** Base URLs of the providers, whose ledgers the invariants read. */
  providers: PerProvider<string>
  temporal: TemporalPlace
  intakeMax: number
  streamsMax: number
  streamsPerAddressMax: number
}

/** The wiring: what the endpoints of the API call. */
export function createApiServices(options: ApiWiring) {
  const { db, dispatchDb, streamDb, log, providers, personalDataDays, contracts = CONTRACTS } = options
  const readModels = sqlOf(options.reads)
  const workflows = createWorkflows({ ...options, sagas: Object.values(contracts) })
  const orphans = createOrphans({
    db: dispatchDb,
    outlines: workflows.outlines,
    afterSeconds: options.orphanAfterSeconds,
  })
  const starter = createSagaStarter({ workflows, starts: createStarts({ db: dispatchDb }), orphans, log })
  const retryBatches = createRetryBatches({ db, newId: uuid })
  const dispatched = createDispatchMetrics(options.metrics, dispatchDb)
  const orphanSearch = createOrphanSearch({
    workflows,
    orphans,
    onRestart: starter.restart,
    onFound: (verdict, count) => dispatched.orphans.inc({ verdict }, count),
    log,
  })
  createReconciliationGauges(options.metrics, dispatchDb)
  const personalData = createPersonalData({ db })
  const store = createEventStore({ db })
  const onTrouble = createTroubleLog(log)
  const tail = createTail({ db: streamDb, onTrouble })
  const aggregates = createAggregates({ db, store })
  const invariants = createInvariants({
    db: options.checkDb,
    readLedgers: () => readLedgers(providers),
    definitionsOf: (step) => definitionsOf(contracts, step),
  })
  return {
    ...options,
    contracts,
    starter,
    /** What is to be done again and again. */
    jobs: {
      orphans: () => orphanSearch.look(),
      'retry batches': () => retryBatches.advance(),
      'steps given back': () => createMaintenance({ db }).wakeNext(),
      'idempotency keys': () => purgeKeys(db),
      'wished erasures': () => personalData.eraseWished(),
      ...(personalDataDays === undefined
        ? {}
        : { 'old personal data': () => personalData.eraseOlderThan(personalDataDays) }),
    },
    personalData,
    intake: createIntake({ db, compose: contracts.order.compose, newId: uuid }),
    returnIntake: createReturnIntake({
      db,
      composition: contracts.return.compose(undefined),
      newId: uuid,
      ...(options.returnExpiresAfterSeconds === undefined
        ? {}
        : { expiresAfterSeconds: options.returnExpiresAfterSeconds }),
    }),
    returnMessages: createReturnMessages({ db }),
    returnQueries: createReturnQueries({ db }),
    transferIntake: createTransferIntake({
      db,
      composition: contracts.transfer.compose(undefined),
      newId: uuid,
    }),
    transferQueries: createTransferQueries({ db }),
    transferJournal: createTransferJournal({ db }),
    accounts: createAccounts({ db, aggregates, store }),
    store,
    aggregates,
    tail,
    orderFeeds: createOrderFeeds({
      contract: contracts.order,
      queries: createOrderQueries({ db: streamDb }),
      store: createEventStore({ db: streamDb }),
      tail,
      temporal: options.temporal,
      onTrouble,
    }),
    queries: createOrderQueries({ db }),
    journal: createOrderJournal({ db }),
    catalogue: createCatalogue({ db }),
    loyalty: createLoyalty({ db }),
    parking: createParking({ db }),
    retryBatches,
    overview: createOverview({ db: readModels, ...stepsOfOrders(contracts) }),
    timeline: createTimeline({ db: readModels }),
    failures: createFailures({ db: readModels }),
    dependencies: createDependencies({ db }),
    maintenance: createMaintenance({ db }),
    differences: createDifferences({ db }),
    reconciliationRuns: createRuns({ db, steps: RECONCILED }),
    readModels,
    orderSummaries: createOrderSummaryQueries({ db: readModels }),
    sales: createSalesQueries({ db: readModels }),
    stockLevels: createStockQueries({ db: readModels }),
    projections: createProjectionDesk({ db: readModels }),
    deadLetters: createDeadLetterDesk({ pool: options.reads }),
    invariants: { check: shareRuns(() => invariants.check()) },
  }
}

export type ApiServices = ReturnType<typeof createApiServices>

const LEDGER_TIMEOUT_MS = 5000

async function readLedgers(urls: PerProvider<string>): Promise<ProviderLedgers> {
  const read = async (url: string) => {
    const response = await fetch(`${url}/ledger`, { signal: AbortSignal.timeout(LEDGER_TIMEOUT_MS) })
    if (!response.ok) throw new Error(`A ledger answered ${response.status}`)
    return (await response.json()) as ProviderLedgers[ProviderName]
  }
  const ledgers = await Promise.all(PROVIDER_NAMES.map(async (name) => [name, await read(urls[name])]))
  return Object.fromEntries(ledgers) as ProviderLedgers
}
