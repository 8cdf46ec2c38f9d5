import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { differenceList } from '../../api/resources/reconciliation.ts'
import { LEADER_LOCKS } from '../../locks.ts'
import { withoutVariables } from '../../ops/grafana/dashboard.ts'
import { accelerated, RULE_FILES } from '../harness/alert-rules.ts'
import { orderBody } from '../harness/api-client.ts'
import { until } from '../harness/poll.ts'
import { startPrometheus, type Alert, type Prometheus, type Sample } from '../harness/prometheus.ts'
import { DASHBOARD_QUERIES, readMetricTable } from '../harness/queries.ts'
import { PROCESS_NAMES, startWatchedSystem, type WatchedSystem } from '../harness/watched-system.ts'

/**
 * Windows, and the time for which an alert is pending, are shorter by so much, in the same rules. Thresholds in seconds
 * are as they are.
 */
const FACTOR = 60

let system: WatchedSystem
let prometheus: Prometheus
beforeAll(async () => {
  system = await startWatchedSystem({
    SAGA_PACE: '0.05',
    ORPHAN_AFTER_SECONDS: '1',
    INVARIANTS_INTERVAL_SECONDS: '1',
    RECONCILE_AFTER_SECONDS: '0',
  })
  prometheus = await startPrometheus(system.targets, accelerated(RULE_FILES, FACTOR))
  await until('every process to be scraped', async () =>
    (await prometheus.query('sum(up)'))[0]?.value === system.targets.length ? true : undefined,
  )
  await system.api.run()
  await until('a healthy system to be without alerts', async () =>
    (await prometheus.query('ALERTS')).length === 0 ? true : undefined,
  )
})
afterAll(async () => {
  await prometheus?.stop()
  await system?.close()
})

/** What makes it come true, and the way back. */
type Cause = () => Promise<() => Promise<unknown>>

type Wanted = Readonly<Record<string, Readonly<Record<string, string>>>>

const isOf = ({ labels }: Alert, wanted: Readonly<Record<string, string>>) =>
  Object.entries(wanted).every(([label, value]) => labels[label] === value)

const RULES = Object.values(accelerated(RULE_FILES, FACTOR)).flatMap(({ groups }) =>
  groups.flatMap(({ rules }) => rules),
)

/** What a dashboard asks and had no answer to yet: what waits, for example, is there only while it does. */
const unseen = new Set(DASHBOARD_QUERIES)

async function lookAtDashboards(): Promise<void> {
  for (const query of unseen)
    if ((await prometheus.query(withoutVariables(query.expression))).length > 0) unseen.delete(query)
}

/**
 * Some alerts do not fire, fire by a cause on the metrics of real processes, and end without it. The expressions of those
 * that are pending for long are asked instead.
 */
function drive(situation: string, wanted: Wanted, cause: Cause, { isAsked = false } = {}): void {
  it(`${Object.keys(wanted).join(', ')}: ${situation}`, async () => {
    const firing = async (name: string) =>
      (await prometheus.firing(name)).find((alert) => isOf(alert, wanted[name] ?? {}))
    const asked = async (name: string) => {
      const rule = RULES.find((each) => 'alert' in each && each.alert === name)
      return (await prometheus.query(rule?.expr ?? ''))[0]
    }
    const look: (name: string) => Promise<Alert | Sample | undefined> = isAsked ? asked : firing
    const ended = (name: string) =>
      until(`${name} not to fire`, async () => ((await look(name)) === undefined ? true : undefined))
    for (const name of Object.keys(wanted)) await ended(name)
    const mend = await cause()
    try {
      for (const name of Object.keys(wanted)) {
        const found = await until(`${name} to fire`, () => look(name))
        expect(JSON.stringify(found)).not.toMatch(/\{\{|<no value>/)
      }
      await lookAtDashboards()
    } finally {
      await mend()
    }
    for (const name of Object.keys(wanted)) await ended(name)
  })
}

async function expectNotTakenIn(): Promise<void> {
  const { status } = await system.api.post('/orders', orderBody(), { 'idempotency-key': randomUUID() })
  expect(status).toBe(503)
}

const maintain = (change: object) => system.api.maintain({ ...change, reason: 'a test' })

/** An operator repeats it while an attempt is under way. */
const skip = (id: string, step: string) =>
  until(`${step} to be skipped`, async () => {
    const { status } = await system.api.post(`/operations/orders/${id}/skip`, { step, reason: 'a test' })
    return status === 202 ? true : undefined
  })

type Differences = z.infer<typeof differenceList>

/** Compares our record with the providers', once. */
async function reconcile(): Promise<void> {
  const before = await system.api.get<Differences>('/operations/reconciliation')
  expect((await system.api.post('/operations/reconciliation/run', {})).status).toBe(202)
  await until('a run to end', async () => {
    const { lastRunAt } = await system.api.get<Differences>('/operations/reconciliation')
    return lastRunAt === before.lastRunAt ? undefined : true
  })
}

/** As the superuser, with every trigger and constraint out of the way. */
async function tamper(statement: string): Promise<void> {
  await system.database.admin.$transaction([
    system.database.admin.$executeRawUnsafe('SET LOCAL session_replication_role = replica'),
    system.database.admin.$executeRawUnsafe(statement),
  ])
}

/** Holds a lock until it is released. */
async function hold(statement: string): Promise<() => Promise<void>> {
  const client = await system.admin.connect()
  await client.query('BEGIN')
  await client.query('SET LOCAL idle_in_transaction_session_timeout = 0')
  await client.query(statement)
  return async () => {
    await client.query('ROLLBACK')
    client.release()
  }
}

// None of these keeps another from its way.
describe.concurrent('troubles that are apart', () => {
  drive('its clock is ten minutes behind', { ClockSkew: { clock: 'database' } }, async () => {
    system.host.aheadMs = -600_000
    return async () => (system.host.aheadMs = 0)
  })

  drive('its disk has a twentieth left', { DiskNearlyFull: {} }, async () => {
    system.host.freePart = 0.05
    return async () => (system.host.freePart = 0.5)
  })

  drive('a charge is changed past the functions', { InvariantBroken: { check: 'money' } }, async () => {
    const { id } = await system.api.run()
    await tamper(`UPDATE charges SET amount_minor = amount_minor + 1 WHERE order_id = '${id}'`)
    return () => tamper(`UPDATE charges SET amount_minor = amount_minor - 1 WHERE order_id = '${id}'`)
  })

  drive('a refund fails for good', { MoneyParked: { step: 'chargePayment' } }, async () => {
    const { id } = await system.api.place({ paymentMethod: 'pm_refund_fails', service: 'refused' })
    await system.api.reached(id, 'parked')
    return () => skip(id, 'chargePayment')
  })

  drive('a parcel cannot be called back', { StepParked: { step: 'createShipment' } }, async () => {
    await maintain({ pausedSteps: ['awardPoints'] })
    const { id } = await system.api.place({ service: 'cancel_fails' })
    await system.api.reached(id, 'waiting')
    await system.api.cancel(id)
    await system.api.reached(id, 'parked')
    await maintain({ pausedSteps: [] })
    return () => skip(id, 'createShipment')
  })

  drive('the broker is away', { OutboxLag: {}, ReadModelBehind: { projection: 'sales' } }, async () => {
    await system.broker.takeAway()
    await system.api.run()
    return () => system.broker.bringBack()
  })
})

describe('a read model in trouble', () => {
  drive('a read model refuses an event', { DeadLetterParked: { consumer: 'sales' } }, async () => {
    await system.admin.query('ALTER TABLE sales_orders ADD CONSTRAINT a_bug CHECK (false) NOT VALID')
    await system.api.run()
    return async () => {
      await system.admin.query('ALTER TABLE sales_orders DROP CONSTRAINT a_bug')
      const { data } = await system.api.get<{ data: { id: string }[] }>('/operations/dead-letters')
      for (const { id } of data)
        await system.api.post(`/operations/dead-letters/${id}/reprocess`, { reason: 'a test' })
    }
  })

  drive(
    'a read model refuses an event for now',
    { DeadLetterRetrying: {} },
    async () => {
      await system.admin.query('ALTER TABLE sales_orders ADD CONSTRAINT a_bug CHECK (false) NOT VALID')
      await system.api.run()
      return () => system.admin.query('ALTER TABLE sales_orders DROP CONSTRAINT a_bug')
    },
    { isAsked: true },
  )
})

describe('nothing is started', () => {
  drive('Temporal cannot be reached', { StartBacklog: {} }, async () => {
    system.lines.temporal.cut()
    const { id } = await system.api.place()
    return async () => {
      system.lines.temporal.mend()
      await system.api.ended(id)
    }
  })
})

describe.concurrent('nothing moves, though it was started', () => {
  drive('a workflow is terminated each time that it was started again', { Orphans: {} }, async () => {
    await system.world.break({ payment: 'limited' })
    const { id, workflow } = await system.api.place()
    await system.api.reached(id, 'waiting')
    system.processes.worker.freeze()
    const terminate = () =>
      system.client.workflow
        .getHandle(workflow.id)
        .terminate('a test')
        .catch(() => undefined)
    const timer = setInterval(terminate, 200)
    return async () => {
      clearInterval(timer)
      await system.world.mend()
      system.processes.worker.thaw()
      await system.api.ended(id)
    }
  })

  drive('no reaction can be claimed', { ReactionLag: {} }, async () => {
    await system.world.break({ payment: 'limited' })
    const { id } = await system.api.place({ coordination: 'choreography' })
    await system.api.reached(id, 'waiting')
    const release = await hold('LOCK TABLE reactions IN SHARE ROW EXCLUSIVE MODE')
    return async () => {
      await release()
      await system.world.mend()
      await system.api.ended(id)
    }
  })
})

describe('the gateway is away', () => {
  drive(
    'orders wait, and none is decided',
    { ProviderBreakerOpen: { provider: 'payment' }, OrdersLateFastBurn: { severity: 'page' } },
    async () => {
      await system.world.break({ payment: 'down' })
      const ids: string[] = []
      while (ids.length < 12) ids.push((await system.api.place()).id)
      return async () => {
        await system.world.mend()
        for (const id of ids) await system.api.ended(id)
      }
    },
  )
})

describe('processes in trouble', () => {
  drive('the relay is killed', { ProcessDown: { process: 'relay' } }, async () => {
    await system.kill('relay')
    return async () => system.restart('relay')
  })

  drive('another session has the lock of the relay', { NoLeader: { office: 'relay' } }, async () => {
    await system.kill('relay')
    const release = await hold(`SELECT pg_advisory_xact_lock(${LEADER_LOCKS.relay})`)
    system.restart('relay')
    return release
  })

  drive(
    'the database cannot be reached by the API',
    { DatabaseAway: {}, IntakeFailingFastBurn: {} },
    async () => {
      system.lines.database.cut()
      for (let n = 0; n < 12; n += 1) await expectNotTakenIn()
      return async () => system.lines.database.mend()
    },
  )

  drive(
    'the API is killed',
    { IntakeFailingFastBurn: {}, ProcessDown: { process: 'api' }, InvariantsUnchecked: {} },
    async () => {
      await system.kill('api')
      return async () => system.restart('api')
    },
  )
})

describe('a provider and we', () => {
  drive(
    'the gateway has a charge of which we know nothing',
    { ReconciliationDifference: { provider: 'payment', class: 'missing_here' } },
    async () => {
      const headers = { 'idempotency-key': randomUUID(), 'content-type': 'application/json' }
      const body = JSON.stringify({ amountMinor: 1590, currency: 'EUR', paymentMethod: 'pm_ok' })
      await fetch(`${system.world.url}/charges`, { method: 'POST', headers, body })
      await reconcile()
      await reconcile()
      return async () => {
        const { data } = await system.api.get<Differences>('/operations/reconciliation?state=open')
        for (const { id } of data)
          await system.api.post(`/operations/reconciliation/${id}/settle`, { reason: 'a test' })
      }
    },
  )

  drive('the run of the night has failed', { ReconciliationOverdue: {} }, async () => {
    await system.admin.query(`
      INSERT INTO reconciliation_runs (id, state, requested_by, requested_at, window_minutes, ended_at)
      VALUES (gen_random_uuid(), 'failed', 'schedule', now() - interval '3 hours', 1500, now() - interval '2 hours')`)
    await system.admin.query(`
      UPDATE reconciliation_schedule SET covered_at = now() - interval '27 hours', covered_to = now() - interval '27 hours'`)
    return reconcile
  })
})

describe('operators', () => {
  drive(
    'an operator has paused the intake',
    { IntakePaused: {} },
    async () => {
      await maintain({ intake: 'paused' })
      return () => maintain({ intake: 'open' })
    },
    { isAsked: true },
  )
})

describe('what is shown', () => {
  it.each(PROCESS_NAMES.map((name, index) => [name, index] as const))(
    'by the process %s is in the table of the runbook',
    async (name, index) => {
      const target = system.targets[index]
      const text = await (await fetch(`http://127.0.0.1:${target?.port}/metrics`)).text()
      const shown = [...text.matchAll(/^# TYPE (ordersaga_\w+) /gm)].map(([, metric = '']) => metric)
      const wanted = [...readMetricTable()].flatMap(([metric, { processes }]) =>
        processes.some((each) => each === 'each' || each.toLowerCase() === name) ? [metric] : [],
      )
      expect(shown.toSorted()).toEqual(wanted.toSorted())
    },
  )

  it('by each dashboard can be asked, and was there', async () => {
    await system.api.run({ service: 'refused' })
    expect((await system.api.post('/orders', {}, { origin: 'https://elsewhere.example' })).status).toBe(403)
    // The limit of calls does not adapt unless it is set to.
    const left = () => [...unseen].filter(({ place: panel }) => !panel.includes('Adaptive limit'))
    await until('every panel to have data', async () => {
      await lookAtDashboards()
      return left().length === 0 ? true : undefined
    }).catch(() => undefined)
    expect(left()).toEqual([])
  })
})
