import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { Registry } from 'prom-client'
import { v7 as uuid } from 'uuid'
import { CONTRACTS, definitionsOf, stepsOfOrders } from '../../api/contracts.ts'
import { createAuditLog } from '../../api/identity/audit-log.ts'
import { createReconciliationGauges } from '../../api/reconciliation-metrics.ts'
import { createReactions } from '../../choreography/reactions.ts'
import { createDispatchMetrics } from '../../dispatch/metrics.ts'
import { createOrphans } from '../../dispatch/orphans.ts'
import { createStarts } from '../../dispatch/starts.ts'
import { createAccounts } from '../../domain/account/accounts.ts'
import { createPersonalData } from '../../domain/customer/personal-data.ts'
import { createLoyalty } from '../../domain/loyalty/loyalty.ts'
import { createDependencies } from '../../domain/operations/dependencies.ts'
import { createFailures } from '../../domain/operations/failures.ts'
import { createInvariants, type ProviderLedgers } from '../../domain/operations/invariants.ts'
import { createMaintenance } from '../../domain/operations/maintenance.ts'
import { createOverview } from '../../domain/operations/overview.ts'
import { createParking } from '../../domain/operations/parking.ts'
import { createRetryBatches } from '../../domain/operations/retry-batches.ts'
import { createTimeline } from '../../domain/operations/timeline.ts'
import type { OrderFilter } from '../../domain/order/filter.ts'
import { createIntake } from '../../domain/order/intake.ts'
import { createOrderJournal } from '../../domain/order/journal.ts'
import { createOrderQueries } from '../../domain/order/queries.ts'
import { PARTICIPANTS } from '../../domain/participants.ts'
import type { ProviderHttp } from '../../domain/provider/http.ts'
import { createDifferences, DIFFERENCE_STATES } from '../../domain/reconciliation/differences.ts'
import { createOurRecords } from '../../domain/reconciliation/our-records.ts'
import { createRuns } from '../../domain/reconciliation/runs.ts'
import { RECONCILED } from '../../domain/reconciliation/steps.ts'
import { createReturnMessages } from '../../domain/return/messages.ts'
import { createReturnQueries } from '../../domain/return/queries.ts'
import { purgeKeys } from '../../domain/saga/idempotency.ts'
import { bindSteps, type StepAttempt } from '../../domain/saga/step.ts'
import { createTransferQueries } from '../../domain/transfer/queries.ts'
import { toEnvelope } from '../../events/broker/envelope.ts'
import { createConsumer } from '../../events/inbox/consumer.ts'
import { createDeadLetterDesk, LETTER_STATES } from '../../events/inbox/dead-letter-desk.ts'
import { dueLetters, retryDueLetters } from '../../events/inbox/dead-letter-retries.ts'
import {
  markPublished,
  outboxDepth,
  outboxLagSeconds,
  pruneOutbox,
  readUnpublished,
} from '../../events/outbox/outbox.ts'
import { createTail } from '../../events/outbox/tail.ts'
import { createAggregates } from '../../events/store/aggregate.ts'
import type { Sql } from '../../events/store/sql.ts'
import { createEventStore } from '../../events/store/store.ts'
import { LOOKS_UP_BY_KEY, PLANNED_FOR_ITS_VALUES } from '../../postgres.ts'
import type { Database } from '../../prisma/client.ts'
import { perProvider } from '../../providers.ts'
import { freshnessOf, moveAppliedMark } from '../../read-models/freshness.ts'
import { createOrderSummaryQueries } from '../../read-models/order-summary.ts'
import { createProjectionDesk } from '../../read-models/projection-desk.ts'
import { enterLive, resolveAmong } from '../../read-models/projection.ts'
import { createProjectorMetrics } from '../../read-models/projector-metrics.ts'
import { PROJECTIONS } from '../../read-models/registry.ts'
import { createSalesQueries } from '../../read-models/sales.ts'
import { createStockQueries } from '../../read-models/stock-levels.ts'
import { orderBody } from '../../test/harness/api-client.ts'
import { attempt } from '../../test/harness/steps.ts'
import { ORDER_SAGA } from '../../workflows/order/contract.ts'
import { LARGE_CUSTOMER } from './generate.ts'
import type { Setup } from './measure.ts'

/** Something that is there to be asked for, whatever the size. */
export interface Sample {
  /** A completed order in the middle of all, its customer, and when it was placed. */
  order: string
  customer: string
  placedAt: Date
  /** The id below which there is a tenth of all. */
  deep: string
  waiting: string
  parked: string
  returned: string
  transfer: string
  account: string
  /** Who owns it. */
  owner: string
}

/** With what a call is made. What `setup` does belongs to no cost. */
export interface At {
  db: Database
  pool: pg.Pool
  sql: Sql
  sample: Sample
  setup: Setup
}

/** `order`: the way of an order. `page`: a client or an operator looks. `job`: done again and again. `scan`: reads all of it by its nature. */
export type Kind = 'order' | 'page' | 'job' | 'scan'

/** A call of the product. */
export interface Job {
  name: string
  kind: Kind
  call: (at: At) => Promise<unknown>
  /** Of the sessions of the process that makes it. */
  settings: Readonly<Record<string, string>>
}

const PAGE = 20
const OPERATOR = { actor: 'key:anna', reason: 'measured' }

/** Of the pool for reports and operators' pages. */
const READS = PLANNED_FOR_ITS_VALUES

const job = (kind: Kind, name: string, call: Job['call'], settings: Job['settings'] = {}): Job => ({
  kind,
  name,
  call,
  settings,
})

export const JOBS: readonly Job[] = [
  ...orderPages(),
  ...otherPages(),
  ...operatorPages(),
  ...regularJobs(),
  ...reconciliation(),
  // These leave the most dead rows behind.
  ...ordersWay(),
  ...projectorsWay(),
]

export async function takeSample(sql: Sql): Promise<Sample> {
  const one = async <Row>(text: string): Promise<Row> => {
    const [row] = await sql.query<Row>(text)
    if (row === undefined) throw new Error(`Nothing is found by ${text}`)
    return row
  }
  const id = async (text: string) => (await one<{ id: string }>(text)).id
  const middle = await one<{ id: string; at: Date; customer: string }>(
    `SELECT s.id, s.created_at AS at, o.customer_id AS customer FROM sagas s JOIN orders o USING (id)
      WHERE status = 'completed' AND definition = 'order@1' AND customer_id <> '${LARGE_CUSTOMER}'
        AND created_at > (SELECT min(created_at) + (max(created_at) - min(created_at)) / 2 FROM sagas) ORDER BY s.id LIMIT 1`,
  )
  return {
    order: middle.id,
    customer: middle.customer,
    placedAt: middle.at,
    deep: await id(
      `SELECT id FROM sagas WHERE created_at > (SELECT min(created_at) + (max(created_at) - min(created_at)) / 10 FROM sagas)
        ORDER BY id LIMIT 1`,
    ),
    waiting: await id(`SELECT id FROM sagas WHERE status = 'waiting' LIMIT 1`),
    parked: await id(`SELECT id FROM sagas WHERE status = 'parked' LIMIT 1`),
    returned: await id(`SELECT id FROM returns ORDER BY id LIMIT 1`),
    transfer: await id(`SELECT id FROM transfers ORDER BY id LIMIT 1`),
    account: await id(`SELECT source_account_id AS id FROM transfers ORDER BY id LIMIT 1`),
    owner: await id(
      `SELECT data->>'ownerId' AS id FROM transfers JOIN events ON stream_id = 'account-' || source_account_id AND version = 1
        WHERE data->>'ownerId' <> '${LARGE_CUSTOMER}' ORDER BY id LIMIT 1 OFFSET 1`,
    ),
  }
}

export function invariantsOf(db: Database) {
  return createInvariants({
    db,
    readLedgers: () => ledgersOf(db),
    definitionsOf: (step) => definitionsOf(CONTRACTS, step),
  })
}

/** Without the providers' part, which is elsewhere. @returns milliseconds; undefined when it was given up. */
export async function timeInvariants(db: Database): Promise<number | undefined> {
  const invariants = createInvariants({
    db,
    readLedgers: () => Promise.reject(new Error('The providers are elsewhere')),
    definitionsOf: (step) => definitionsOf(CONTRACTS, step),
  })
  const beganAt = performance.now()
  return invariants.check().then(
    () => performance.now() - beganAt,
    () => undefined,
  )
}

/** Providers that agree with what we know of them. */
async function ledgersOf(db: Database): Promise<ProviderLedgers> {
  const [charges, shipments, refunds] = [
    await db.charge.findMany(),
    await db.shipment.findMany(),
    await db.refund.findMany(),
  ]
  return {
    payment: {
      charges: charges.map(({ key, state, amountMinor, currency }) => ({
        key,
        currency,
        amountMinor: Number(amountMinor),
        state: state === 'live' ? 'charged' : 'refunded',
      })),
      refunds: refunds.map(({ key, amountMinor, currency }) => ({
        key,
        currency,
        amountMinor: Number(amountMinor),
      })),
    },
    shipping: {
      shipments: shipments.map(({ key, state }) => ({
        key,
        state: state === 'live' ? 'created' : 'cancelled',
      })),
    },
  }
}

/** Does what it is asked for, at once. */
const willing: ProviderHttp = async ({ path, body }) => {
  const isCharge = path.startsWith('/charges')
  const effect = {
    id: 'ch_1',
    trackingNumber: 'TRK-1',
    state: isCharge ? 'charged' : 'created',
    ...Object(body),
  }
  return { kind: 'ok', effect: { status: 201, body: effect } }
}

function stepsOn(db: Database): Readonly<Record<string, StepAttempt>> {
  const providers = perProvider(() => willing)
  const steps = bindSteps(PARTICIPANTS, { db, reach: () => undefined, providers })
  return Object.assign({}, ...Object.values(steps))
}

const act = (db: Database, activity: string, id: string) => stepsOn(db)[activity]?.(id, attempt(1))

async function place(db: Database, key: string = randomUUID()): Promise<string> {
  const intake = createIntake({ db, compose: ORDER_SAGA.compose, newId: uuid })
  return (await intake.place('developer', key, orderBody({ customerId: 'cus_measured' }))).order.id
}

/** An order that has got so far. */
async function placed(db: Database, upTo?: string): Promise<string> {
  const id = await place(db)
  if (upTo === undefined) return id
  for (const { name } of ORDER_SAGA.steps.get('order@1') ?? []) {
    await act(db, name, id)
    if (name === upTo) break
  }
  return id
}

function ordersWay(): Job[] {
  const steps = ORDER_SAGA.steps.get('order@1') ?? []
  const turnBack = { code: 'STEP_FAILED', step: 'createShipment' }
  return [
    job('order', 'place an order', ({ db }) => place(db)),
    job('order', 'place it again', async ({ db, setup }) => {
      const key = randomUUID()
      await setup(() => place(db, key))
      await place(db, key)
    }),
    ...steps.map(({ name }, n) =>
      job('order', name, async ({ db, setup }) => {
        const id = await setup(() => placed(db, steps[n - 1]?.name))
        await act(db, name, id)
      }),
    ),
    job('order', 'cancel', async ({ db, setup }) => {
      const id = await setup(() => placed(db, 'reserveInventory'))
      await createOrderJournal({ db }).cancel(id, 'customer')
    }),
    job('order', 'note that it waits', async ({ db, setup }) => {
      const id = await setup(() => placed(db, 'reserveInventory'))
      await createOrderJournal({ db }).noteWaiting(id, 'chargePayment', 'BREAKER_OPEN')
    }),
    job('order', 'begin to compensate', async ({ db, setup }) => {
      const id = await setup(() => placed(db, 'reserveInventory'))
      await createOrderJournal({ db }).beginCompensation(id, turnBack)
    }),
    job('order', 'release and close', async ({ db, setup }) => {
      const id = await setup(() => placed(db, 'reserveInventory'))
      await setup(() => createOrderJournal({ db }).beginCompensation(id, turnBack))
      await act(db, 'releaseInventory', id)
      await createOrderJournal({ db }).close(id)
    }),
    job('order', 'relay 100 events', async ({ sql, setup }) => {
      await setup(() =>
        sql.query(
          'UPDATE outbox SET published_at = NULL WHERE id IN (SELECT id FROM outbox ORDER BY id DESC LIMIT 100)',
          [],
        ),
      )
      const events = await readUnpublished(sql, [], 500)
      await markPublished(
        sql,
        events.map(({ id }) => id),
      )
    }),
  ]
}

function projectorsWay(): Job[] {
  return PROJECTIONS.map((projection) =>
    job(
      'order',
      `project 20 events: ${projection.name}`,
      async ({ db, pool, sql, setup }) => {
        const events = await setup(async () => {
          for (let n = 0; n < 10; n += 1) await placed(db, 'reserveInventory')
          return readUnpublished(sql, [], 500)
        })
        await createConsumer({ pool, enter: enterLive(projection) })(events.map(toEnvelope))
      },
      LOOKS_UP_BY_KEY,
    ),
  )
}

const hour = (from: Date) => ({ createdFrom: from, createdTo: new Date(from.getTime() + 3_600_000) })

function orderPages(): Job[] {
  const filters: Record<string, (sample: Sample) => OrderFilter> = {
    'no filter': () => ({}),
    completed: () => ({ status: 'completed' }),
    rejected: () => ({ status: 'rejected' }),
    cancelled: () => ({ status: 'cancelled' }),
    waiting: () => ({ status: 'waiting' }),
    parked: () => ({ status: 'parked' }),
    compensating: () => ({ status: 'compensating' }),
    customer: ({ customer }) => ({ customerId: customer }),
    'large customer': () => ({ customerId: LARGE_CUSTOMER }),
    'customer, cancelled': ({ customer }) => ({ customerId: customer, status: 'cancelled' }),
    'large customer, cancelled': () => ({ customerId: LARGE_CUSTOMER, status: 'cancelled' }),
    'unknown customer': () => ({ customerId: 'cus_of_nobody' }),
    reason: () => ({ reasonCode: 'PAYMENT_DECLINED' }),
    'unknown reason': () => ({ reasonCode: 'NO_SUCH_REASON' }),
    step: () => ({ step: 'chargePayment' }),
    'a past hour': ({ placedAt }) => hour(placedAt),
    'a past hour, rejected': ({ placedAt }) => ({ ...hour(placedAt), status: 'rejected' }),
    'a past hour, customer': ({ placedAt, customer }) => ({ ...hour(placedAt), customerId: customer }),
    'total, most': () => ({ minTotalMinor: 100 }),
    'total, none': () => ({ minTotalMinor: 1_000_000 }),
    'total, some': () => ({ minTotalMinor: 795, maxTotalMinor: 795 }),
    'total, customer': ({ customer }) => ({ minTotalMinor: 100, customerId: customer }),
  }
  return [
    ...Object.entries(filters).map(([name, filter]) =>
      job('page', `orders: ${name}`, ({ db, sample }) =>
        createOrderQueries({ db }).list(filter(sample), { limit: PAGE }),
      ),
    ),
    ...(['no filter', 'completed', 'rejected', 'large customer'] as const).map((name) =>
      job('page', `orders: ${name}, deep`, ({ db, sample }) =>
        createOrderQueries({ db }).list(filters[name]?.(sample) ?? {}, { limit: PAGE, after: sample.deep }),
      ),
    ),
    job('page', 'an order', ({ db, sample }) => createOrderQueries({ db }).find(sample.order)),
    job('page', 'its events', ({ db, sample }) => createEventStore({ db }).show(`order-${sample.order}`, {})),
    job('page', 'its timeline', ({ sql, sample }) => createTimeline({ db: sql }).read(sample.order), READS),
    job('page', 'a customer’s points', ({ db, sample }) =>
      createLoyalty({ db }).account(sample.customer, { limit: PAGE }),
    ),
    job('scan', 'the large customer’s points', ({ db }) =>
      createLoyalty({ db }).account(LARGE_CUSTOMER, { limit: PAGE }),
    ),
  ]
}

function otherPages(): Job[] {
  const returns: Record<string, Parameters<ReturnType<typeof createReturnQueries>['list']>[0]> = {
    all: undefined,
    refunded: 'refunded',
    requested: 'requested',
    expired: 'expired',
  }
  const transfers: Record<
    string,
    (sample: Sample) => Parameters<ReturnType<typeof createTransferQueries>['list']>[0]
  > = {
    all: () => ({}),
    completed: () => ({ status: 'completed' }),
    rejected: () => ({ status: 'rejected' }),
    cancelled: () => ({ status: 'cancelled' }),
    waiting: () => ({ status: 'waiting' }),
    'of an account': ({ account }) => ({ accountId: account }),
  }
  const accountsOf = (db: Database) => {
    const store = createEventStore({ db })
    return createAccounts({ db, store, aggregates: createAggregates({ db, store }) })
  }
  const summaries: Record<
    string,
    (sample: Sample) => Parameters<ReturnType<typeof createOrderSummaryQueries>['search']>[0]
  > = {
    all: () => ({}),
    customer: ({ customer }) => ({ customerId: customer }),
    completed: () => ({ status: 'completed' }),
    cancelled: () => ({ status: 'cancelled' }),
    'compensating, of which there are none': () => ({ status: 'compensating' }),
    SKU: () => ({ sku: 'TEA-001' }),
    'SKU, never sold': () => ({ sku: 'GFT-001' }),
    'SKU, cancelled': () => ({ sku: 'TEA-001', status: 'cancelled' }),
    'SKU, cancelled, of another': () => ({ sku: 'EBK-001', status: 'cancelled' }),
    'large customer, cancelled': () => ({ customerId: LARGE_CUSTOMER, status: 'cancelled' }),
  }
  return [
    ...Object.entries(returns).map(([name, status]) =>
      job('page', `returns: ${name}`, ({ db }) => createReturnQueries({ db }).list(status, { limit: PAGE })),
    ),
    job('page', 'returns: all, deep', ({ db, sample }) =>
      createReturnQueries({ db }).list(undefined, { limit: PAGE, after: sample.deep }),
    ),
    job('page', 'returns of an order', ({ db, sample }) =>
      createReturnQueries({ db }).ofOrder(sample.order, { limit: PAGE }),
    ),
    ...Object.entries(transfers).map(([name, filter]) =>
      job('page', `transfers: ${name}`, ({ db, sample }) =>
        createTransferQueries({ db }).list(filter(sample), { limit: PAGE }),
      ),
    ),
    job('page', 'transfers: all, deep', ({ db, sample }) =>
      createTransferQueries({ db }).list({}, { limit: PAGE, after: sample.deep }),
    ),
    job('page', 'transfers of an owner', ({ db, sample }) =>
      createTransferQueries({ db }).list({}, { limit: PAGE }, sample.owner),
    ),
    job('page', 'accounts', ({ db }) => accountsOf(db).list({ limit: PAGE })),
    job('page', 'accounts of an owner', ({ db, sample }) =>
      accountsOf(db).list({ limit: PAGE }, sample.owner),
    ),
    job('page', 'an account', ({ db, sample }) => accountsOf(db).find(sample.account)),
    ...Object.entries(summaries).map(([name, filter]) =>
      job(
        'page',
        `search: ${name}`,
        ({ sql, sample }) => createOrderSummaryQueries({ db: sql }).search(filter(sample), { limit: PAGE }),
        READS,
      ),
    ),
    job(
      'page',
      'search: all, deep',
      ({ sql, sample }) =>
        createOrderSummaryQueries({ db: sql }).search({}, { limit: PAGE, after: sample.deep }),
      READS,
    ),
    job(
      'page',
      'sales: a day',
      ({ sql, sample }) => {
        const day = sample.placedAt.toISOString().slice(0, 10)
        return createSalesQueries({ db: sql }).report({ from: day, to: day })
      },
      READS,
    ),
    job('scan', 'sales: all days', ({ sql }) => createSalesQueries({ db: sql }).report({}), READS),
    job('page', 'stock', ({ sql }) => createStockQueries({ db: sql }).levels(), READS),
  ]
}

function operatorPages(): Job[] {
  const page = { limit: PAGE }
  const letters: Record<string, Parameters<ReturnType<typeof createDeadLetterDesk>['list']>[0]> = {
    'set aside': {},
    'of a consumer': { consumer: 'order-summary' },
    'of a consumer, discarded': { consumer: 'order-summary', states: ['discarded'] },
    'of a cause': { cause: 'APPLY_FAILED' },
    'of an unknown stream': { streamId: 'order-none' },
    ...Object.fromEntries(LETTER_STATES.map((state) => [state, { states: [state] }])),
  }
  const audit: Record<string, (sample: Sample) => Parameters<ReturnType<typeof createAuditLog>['list']>[0]> =
    {
      all: () => ({}),
      subject: () => ({ subject: 'key:anna' }),
      'unknown subject': () => ({ subject: 'key:none' }),
      action: () => ({ action: 'POST /operations/orders/{id}/retry' }),
      'action that was never taken': () => ({ action: 'POST /keys' }),
      'subject and action that was never taken': () => ({ subject: 'key:anna', action: 'POST /keys' }),
      'a past hour': ({ placedAt }) => ({ from: placedAt, to: new Date(placedAt.getTime() + 3_600_000) }),
    }
  const gauges = async (create: (registry: Registry) => void) => {
    const registry = new Registry()
    create(registry)
    await registry.metrics()
  }
  return [
    job(
      'page',
      'overview',
      ({ sql }) => createOverview({ db: sql, ...stepsOfOrders(CONTRACTS) }).read(),
      READS,
    ),
    job(
      'page',
      'failures of a day',
      ({ sql }) => createFailures({ db: sql }).list({ windowHours: 24 }),
      READS,
    ),
    job(
      'page',
      'failures of a week',
      ({ sql }) => createFailures({ db: sql }).list({ windowHours: 168 }),
      READS,
    ),
    job('page', 'dependencies', ({ db }) => createDependencies({ db }).list()),
    job('page', 'projections', ({ sql }) => createProjectionDesk({ db: sql }).list(), READS),
    job('page', 'parked steps', ({ db }) => createParking({ db }).list({}, page)),
    job('page', 'parked steps: step, class', ({ db }) =>
      createParking({ db }).list(
        { kind: 'order', step: 'chargePayment', errorClass: 'PROVIDER_ERROR' },
        page,
      ),
    ),
    job('page', 'parked steps: of an unknown step', ({ db }) =>
      createParking({ db }).list({ step: 'none' }, page),
    ),
    job('page', 'retry of a parked step', ({ db, sample }) =>
      createParking({ db }).retry(sample.parked, undefined, OPERATOR),
    ),
    job('page', 'batches of retries', ({ db }) => createRetryBatches({ db, newId: uuid }).list(page)),
    job('page', 'a new batch of retries', ({ db }) =>
      createRetryBatches({ db, newId: uuid }).create({}, 10, OPERATOR),
    ),
    ...Object.entries(letters).map(([name, filter]) =>
      // The discarded ones are few, and have no index by consumer.
      job(
        name === 'of a consumer, discarded' ? 'scan' : 'page',
        `dead letters: ${name}`,
        ({ pool }) => createDeadLetterDesk({ pool }).list(filter, page),
        READS,
      ),
    ),
    job(
      'page',
      'dead letters: reprocess all',
      ({ pool }) => createDeadLetterDesk({ pool }).reprocessMany({}, OPERATOR),
      READS,
    ),
    ...Object.entries(audit).map(([name, filter]) =>
      job('page', `audit: ${name}`, ({ db, sample }) => createAuditLog({ db }).list(filter(sample), page)),
    ),
    job('page', 'audit: all, deep', ({ db, sample }) =>
      createAuditLog({ db }).list({}, { ...page, after: `${sample.placedAt.toISOString()} 1` }),
    ),
    ...[undefined, ...DIFFERENCE_STATES].map((state) =>
      job('page', `differences: ${state ?? 'all'}`, ({ db }) => createDifferences({ db }).list(state, page)),
    ),
    job('page', 'metrics: API', ({ db }) =>
      gauges((registry) => {
        createDispatchMetrics(registry, db)
        createReconciliationGauges(registry, db)
      }),
    ),
    job(
      'page',
      'metrics: projector',
      ({ sql }) => gauges((registry) => void createProjectorMetrics(registry, sql, PROJECTIONS)),
      LOOKS_UP_BY_KEY,
    ),
    job('page', 'metrics: relay', async ({ sql }) => [await outboxDepth(sql), await outboxLagSeconds(sql)]),
  ]
}

function regularJobs(): Job[] {
  const outlines = Object.fromEntries(Object.values(CONTRACTS).flatMap(({ steps }) => [...steps]))
  const orphansOf = (db: Database) => createOrphans({ db, outlines, afterSeconds: 30 })
  const letters = PROJECTIONS.map(({ name }) => name)
  return [
    job('job', 'look for orphans', ({ db }) => orphansOf(db).take(20)),
    job('job', 'claim starts and wakes', async ({ db }) => {
      await createStarts({ db }).claimStarts(50, [])
      await createStarts({ db }).claimWakes(50)
    }),
    job('job', 'wake what was given back', ({ db }) => createMaintenance({ db }).wakeNext()),
    job('job', 'advance batches of retries', ({ db }) => createRetryBatches({ db, newId: uuid }).advance()),
    job('job', 'purge idempotency keys', ({ db }) => purgeKeys(db)),
    job('job', 'erase what was wished', ({ db }) => createPersonalData({ db }).eraseWished()),
    job('job', 'erase a customer', async ({ db, sample, setup }) => {
      const personalData = createPersonalData({ db, pauseSeconds: 0 })
      await setup(() => personalData.wishErasure(sample.customer))
      await personalData.eraseWished()
    }),
    job('job', 'erase 500 old orders', ({ db }) => createPersonalData({ db }).eraseOlderThan(0)),
    job('job', 'claim the parcel feed', ({ db }) => createReturnMessages({ db }).claimParcelFeed(10)),
    job('job', 'relay: nothing to do', ({ sql }) => readUnpublished(sql, [], 500)),
    job('job', 'prune the outbox', ({ sql }) => pruneOutbox(sql, 2000)),
    job('job', 'events as they come', async ({ db }) => {
      const tail = createTail({ db, onTrouble: () => undefined })
      ;(await tail.listen(() => undefined)).stop()
      await tail.isKept(0n)
    }),
    job(
      'job',
      'retry dead letters',
      async ({ pool, sql }) =>
        retryDueLetters({ pool, due: await dueLetters(sql, letters), resolve: resolveAmong(PROJECTIONS) }),
      LOOKS_UP_BY_KEY,
    ),
    job('job', 'move the marks', ({ sql }) => moveAppliedMark(sql, 'order-summary'), LOOKS_UP_BY_KEY),
    job('job', 'freshness', ({ sql }) => freshnessOf(sql, 'order-summary'), READS),
    job(
      'job',
      'choreography: watch, claim',
      async ({ sql }) => {
        const reactions = createReactions(sql)
        await reactions.watch(outlines, 30, 500, undefined)
        await reactions.claim([{ participant: 'payment', limit: 50, again: 10 }], Object.keys(outlines), 10)
      },
      LOOKS_UP_BY_KEY,
    ),
  ]
}

function reconciliation(): Job[] {
  const part = { runId: randomUUID(), step: 'chargePayment', claim: randomUUID() }
  const runsOf = (db: Database) => createRuns({ db, steps: RECONCILED })
  return [
    ...RECONCILED.flatMap((step) => [
      job('job', `our records: ${step.name}`, ({ db, sample }) =>
        createOurRecords(db, step).page(['', sample.placedAt.getTime()], new Date()),
      ),
      job('job', `compare 100 keys: ${step.name}`, async ({ db, sample, setup }) => {
        const orders = await setup(() =>
          db.order.findMany({
            where: { id: { gt: sample.order } },
            orderBy: { id: 'asc' },
            take: 100,
            select: { id: true },
          }),
        )
        const theirs = orders.map(({ id }) => ({
          key: `order:${id}:${step.name}`,
          state: step.states.live,
          amountMinor: 100,
          currency: 'EUR',
        }))
        return createOurRecords(db, step).unlike(theirs)
      }),
    ]),
    job('job', 'reconciliation: claim, finish, due', async ({ db }) => {
      await runsOf(db).requestDue({ at: '03:00', windowMinutes: 1500 })
      await runsOf(db).claim(['payment', 'shipping'])
      await runsOf(db).finish()
    }),
    job('job', 'reconciliation: differences to look up', async ({ db, sample }) => {
      const differences = createDifferences({ db })
      await differences.unmet(part)
      const key = `order:${sample.order}:chargePayment`
      await differences.note(part, 'payment', [
        { key, sagaId: sample.order, class: 'amount', ours: null, theirs: null, isDeferred: false },
      ])
      await differences.agreed(part, [key])
      await differences.stand(part, [key])
    }),
    job('job', 'reconciliation: prune', ({ db }) => createDifferences({ db }).prune()),
    job('page', 'runs of reconciliation', async ({ db }) => {
      await runsOf(db).newest(20)
      await runsOf(db).lastRunAt()
    }),
  ]
}
