import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Registry } from 'prom-client'
import type { z } from 'zod'
import { createReconciliationGauges } from '../../api/reconciliation-metrics.ts'
import type { differenceList } from '../../api/resources/reconciliation.ts'
import { createOrderJournal } from '../../domain/order/journal.ts'
import { createProviderHttp, type ProviderHttp } from '../../domain/provider/http.ts'
import { createListing, LIST_BYTES_MAX } from '../../domain/provider/listing.ts'
import { comparePart } from '../../domain/reconciliation/compare.ts'
import { createDifferences } from '../../domain/reconciliation/differences.ts'
import { createOurRecords } from '../../domain/reconciliation/our-records.ts'
import { createReconciler, type ReconcilerOptions } from '../../domain/reconciliation/reconciler.ts'
import { createRuns } from '../../domain/reconciliation/runs.ts'
import { RECONCILED } from '../../domain/reconciliation/steps.ts'
import { stepKey } from '../../domain/saga/ids.ts'
import { Fault } from '../../faults.ts'
import { perProvider, PROVIDER_NAMES, type ProviderName } from '../../providers.ts'
import type { TestDatabase } from '../harness/database.ts'
import { createListedProvider } from '../harness/listed-provider.ts'
import { placeOrderRow } from '../harness/order-rows.ts'
import { until } from '../harness/poll.ts'
import { createTestDatabase, startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { startWorld, type World } from '../harness/world.ts'

type Differences = z.infer<typeof differenceList>
type Found = Differences['data'][number]

/** What anyone may do at the sandbox. @returns the status. */
const plant = async (world: { url: string }, path: string, key: string, body: object): Promise<void> => {
  const answer = await fetch(world.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
  })
  expect(answer.status).toBe(201)
}

const charge = (world: { url: string }, key: string, amountMinor = 1000, currency = 'EUR') =>
  plant(world, '/charges', key, { amountMinor, currency, paymentMethod: 'pm_ok' })

describe('our tables and the providers', () => {
  let test: TestDatabase
  let world: World
  let differences: ReturnType<typeof createDifferences>
  let runs: ReturnType<typeof createRuns>
  beforeAll(async () => {
    test = await createTestDatabase()
    world = await startWorld((_request, _response, next) => next())
    differences = createDifferences(test)
    runs = createRuns({ db: test.db, steps: RECONCILED })
  })
  afterAll(async () => {
    world.kill()
    await test.close()
  })
  // Each test begins with nothing on either side that differs.
  afterEach(async () => {
    await world.mend()
    await test.admin
      .$executeRaw`TRUNCATE reconciliation_runs, reconciliation_parts, reconciliation_differences, charges, shipments`
    await test.db.$executeRaw`UPDATE reconciliation_schedule SET covered_to = NULL, covered_at = NULL`
  })

  const real = () =>
    perProvider((name) => createProviderHttp({ name, baseUrl: world.url, answerBytesMax: LIST_BYTES_MAX }))
  const reconciler = (options: Partial<ReconcilerOptions> = {}) =>
    createReconciler({
      db: test.db,
      http: real(),
      schedule: { at: 'off', windowMinutes: 60 },
      afterSeconds: 0,
      callsPerSecond: 1000,
      ...options,
    })
  const runOnce = async (options: Partial<ReconcilerOptions> = {}, windowMinutes = 60) => {
    const id = await runs.request('tester', windowMinutes)
    await reconciler(options).advance()
    return test.db.reconciliationRun.findUniqueOrThrow({ where: { id }, include: { parts: true } })
  }
  const listed = async (state?: 'open' | 'settled' | 'gone') => differences.list(state, { limit: 100 })
  const open = async (...keys: string[]) =>
    (await listed('open')).filter(({ key }) => keys.length === 0 || keys.includes(key))
  const stateOf = async (key: string) =>
    (await test.db.reconciliationDifference.findMany({ where: { key } })).map(({ state }) => state)

  /** As if pauses and claims were over. */
  const makeDue = () => test.db.$executeRaw`
    UPDATE reconciliation_parts SET claimed_until = clock_timestamp() - interval '1 second' WHERE state = 'waiting'`

  /** A row as the step's record has it. */
  const record = (key: string, { amountMinor = 1000, currency = 'EUR', state = 'live' } = {}) =>
    test.db.charge.create({
      data: { key, orderId: randomUUID(), providerRef: key, amountMinor, currency, state },
    })
  const parcelRecord = (key: string) =>
    test.db.shipment.create({ data: { key, orderId: randomUUID(), trackingNumber: key, state: 'live' } })
  const forget = async (...keys: string[]) => {
    await test.db.charge.deleteMany({ where: { key: { in: keys } } })
    await test.db.shipment.deleteMany({ where: { key: { in: keys } } })
  }
  const begin = (id: string) => test.db.$queryRaw`
    SELECT verdict FROM step_intend(${id}::uuid, 'chargePayment', 'compensatable', 'payment', 1)`
  const turnBack = async (id: string) => {
    const journal = createOrderJournal(test)
    await journal.beginCompensation(id, { code: 'STEP_FAILED', step: 'createShipment' })
    await test.db.$queryRaw`SELECT verdict FROM undo_enter(${id}::uuid, 'chargePayment', 1)`
    await test.db.$queryRaw`SELECT undo_settle(${id}::uuid, 'chargePayment', 'PaymentVoided', '{}')`
    await journal.close(id)
  }

  it('differ in every class, which one run sees, and two list', async () => {
    const [late, lost] = [await placeOrderRow(test.db), await placeOrderRow(test.db)]
    const lateKey = stepKey('order', late, 'chargePayment')
    await begin(late)
    await turnBack(late)
    const planted: [class_: string, key: string][] = [
      ['missing_here', 'stranger'],
      ['missing_here', 'stranger of a parcel'],
      ['missing_here', 'stranger of a refund'],
      ['missing_there', 'unknown there'],
      ['missing_there', 'unknown parcel there'],
      ['amount', 'another amount'],
      ['currency', 'another currency'],
      ['state', 'undone here'],
      ['state', 'undone there'],
      ['late', lateKey],
      // No step of ours has such a key at a gateway.
      ['missing_here', stepKey('order', late, 'refundPayment')],
    ]
    for (const key of [
      'stranger',
      'another amount',
      'another currency',
      'undone here',
      'undone there',
      lateKey,
      stepKey('order', late, 'refundPayment'),
    ])
      await charge(world, key)
    await plant(world, '/shipments', 'stranger of a parcel', { service: 'standard', address: {} })
    const refund = { chargeKey: 'another amount', amountMinor: 10, currency: 'EUR' }
    await plant(world, '/partial-refunds', 'stranger of a refund', refund)
    await plant(world, '/refunds', 'undoes it', { chargeKey: 'undone there' })
    await record('unknown there')
    await parcelRecord('unknown parcel there')
    await record('another amount', { amountMinor: 999 })
    await record('another currency', { currency: 'USD' })
    await record('undone here', { state: 'refunded' })
    await record('undone there')
    // What agrees, or is none of a saga that has ended, is no difference.
    await charge(world, 'agrees')
    await record('agrees')
    await begin(lost)

    expect(await runOnce()).toMatchObject({ state: 'ended' })
    expect(await listed()).toEqual([])
    expect(await runOnce()).toMatchObject({ state: 'ended' })
    const found = await open()
    expect(new Set(found.map((each) => `${each.class} ${each.key}`))).toEqual(
      new Set(planted.map((each) => each.join(' '))),
    )
    expect(found).toHaveLength(planted.length)
    const byKey = new Map(found.map((each) => [each.key, each]))
    const side = (state: string, amountMinor: number | null = 1000, currency: string | null = 'EUR') => ({
      amountMinor,
      currency,
      state,
    })
    expect(byKey.get('stranger')).toMatchObject({ provider: 'payment', ours: null, theirs: side('charged') })
    expect(byKey.get('stranger of a parcel')).toMatchObject({
      provider: 'shipping',
      ours: null,
      theirs: side('created', null, null),
    })
    expect(byKey.get('unknown there')).toMatchObject({ ours: side('charged'), theirs: null })
    expect(byKey.get('another amount')).toMatchObject({ ours: side('charged', 999), theirs: side('charged') })
    expect(byKey.get('another currency')).toMatchObject({ ours: side('charged', 1000, 'USD') })
    expect(byKey.get('undone here')).toMatchObject({ ours: side('refunded'), theirs: side('charged') })
    expect(byKey.get(lateKey)).toMatchObject({ sagaKind: 'order', sagaId: late, ours: null })
  })

  it('differ no more: what one run saw is forgotten, and what was open is gone', async () => {
    await record('seen once')
    await runOnce()
    expect(await stateOf('seen once')).toEqual(['seen'])
    await forget('seen once')
    await runOnce()
    expect(await stateOf('seen once')).toEqual([])
    await record('seen twice')
    await runOnce()
    await runOnce()
    expect(await open('seen twice')).toHaveLength(1)
    await charge(world, 'seen twice')
    await runOnce()
    expect([await open('seen twice'), await listed('settled'), (await listed('gone')).length]).toEqual([
      [],
      [],
      1,
    ])
    // It begins anew when it differs again.
    await plant(world, '/refunds', 'undo seen twice', { chargeKey: 'seen twice' })
    await runOnce()
    expect(await stateOf('seen twice')).toEqual(['seen'])
    await runOnce()
    expect(await open('seen twice')).toMatchObject([{ class: 'state' }])
  })

  it('differ while an order is on its way: that is no difference until it has ended', async () => {
    const id = await placeOrderRow(test.db)
    const key = stepKey('order', id, 'chargePayment')
    await begin(id)
    await charge(world, key)
    for (const _again of [1, 2, 3]) await runOnce()
    expect(await stateOf(key)).toEqual(['deferred'])
    await turnBack(id)
    await runOnce({}, 1)
    expect(await open(key)).toEqual([])
    // It is looked up by its key: a window that does not reach it finds it all the same.
    await test.db
      .$executeRaw`UPDATE reconciliation_differences SET first_seen = first_seen - interval '1 day'`
    await runOnce({ afterSeconds: 0 }, 1)
    expect(await open(key)).toMatchObject([{ class: 'late' }])
  })

  it('differ in what is settled: it comes back only when it changes', async () => {
    await record('settled')
    for (const _again of [1, 2]) await runOnce()
    const [found] = await open('settled')
    await differences.settle(found?.id ?? '', { actor: 'treasurer', reason: 'Paid by hand.' })
    for (const _again of [1, 2]) await runOnce()
    expect([await open('settled'), await stateOf('settled')]).toEqual([[], ['settled']])
    await charge(world, 'settled', 1)
    await runOnce()
    expect(await open('settled')).toEqual([])
    await runOnce()
    expect(await open('settled')).toMatchObject([{ class: 'amount' }])
    expect(await listed('settled')).toMatchObject([
      { settledBy: 'treasurer', settledBecause: 'Paid by hand.' },
    ])
  })

  it('differ in an order: why that was settled is erased with what is personal of the order', async () => {
    const id = await placeOrderRow(test.db)
    const key = stepKey('order', id, 'chargePayment')
    await begin(id)
    await turnBack(id)
    await charge(world, key)
    for (const _again of [1, 2]) await runOnce()
    const [found] = await open(key)
    const reason = 'Alice called.'
    await differences.settle(found?.id ?? '', { actor: 'treasurer', reason })
    await test.db.$executeRaw`
      WITH entry AS (
        INSERT INTO audit_entries (subject, action, target, request_id)
        VALUES ('treasurer', 'settle', ${`reconciliation/${found?.id}`}, 'r') RETURNING id
      ) INSERT INTO audit_reasons (entry_id, reason) SELECT id, ${reason} FROM entry`
    expect(await listed('settled')).toMatchObject([{ settledBecause: reason }])
    await test.db.$executeRaw`SELECT FROM personal_data_erase(ARRAY[${id}::uuid], NULL)`
    expect(await listed('settled')).toMatchObject([{ settledBy: 'treasurer', settledBecause: null }])
    expect(await test.db.auditReason.count({ where: { reason } })).toBe(0)
  })

  it('are left alone where they have changed within the last minute', async () => {
    await record('too new')
    await charge(world, 'too new there')
    for (const _again of [1, 2]) await runOnce({ afterSeconds: 60 })
    expect([await stateOf('too new'), await stateOf('too new there')]).toEqual([[], []])
    for (const _again of [1, 2]) await runOnce()
    expect(await open('too new', 'too new there')).toHaveLength(2)
  })

  it('differ in a key that cannot be stored or asked for: it is listed until it is settled', async () => {
    const provider = createListedProvider('charges')
    const keys = [
      '',
      '.',
      '..',
      'a\u0000b',
      'dash \u0096',
      'k'.repeat(301),
      'k'.repeat(302),
      '\ud800',
      'escaped:x',
    ]
    const changedAt = Date.now() - 60_000
    for (const key of keys)
      provider.add({ key, state: 'charged', amountMinor: 1, currency: 'EUR', changedAt })
    const options = { http: { ...real(), payment: provider.http } }
    expect(await runOnce(options)).toMatchObject({ state: 'ended' })
    // The next windows do not reach it.
    await test.db.$executeRaw`UPDATE reconciliation_differences SET last_run = gen_random_uuid()`
    for (const _again of [1, 2]) expect(await runOnce(options, 0)).toMatchObject({ state: 'ended' })
    const openThere = async () => (await open()).filter(({ provider: name }) => name === 'payment')
    const found = await openThere()
    expect(found).toHaveLength(keys.length)
    for (const each of found) {
      expect(each).toMatchObject({ class: 'missing_here', key: expect.stringMatching(/^escaped:\P{Cc}*$/u) })
      await differences.settle(each.id, { actor: 'treasurer', reason: 'Not ours.' })
    }
    await runOnce(options)
    expect(await openThere()).toEqual([])
  })

  it('are compared with pages of long keys, and past any number of voided ones', async () => {
    for (let n = 0; n < 100; n += 1) await charge(world, `${n} `.padEnd(290, 'x'))
    for (let n = 0; n < 2300; n += 50)
      await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          fetch(`${world.url}/shipments/void%20${n + i}/void`, { method: 'PUT' }),
        ),
      )
    expect(await runOnce()).toMatchObject({ state: 'ended' })
  })

  it('differ in an amount of ours that no provider can list', async () => {
    await charge(world, 'beyond')
    await test.db.$executeRaw`
      INSERT INTO charges (key, order_id, provider_ref, amount_minor, currency, state)
      VALUES ('beyond', ${randomUUID()}::uuid, 'x', 9007199254740993, 'EUR', 'live')`
    for (const _again of [1, 2]) await runOnce()
    expect(await open('beyond')).toMatchObject([{ class: 'amount', ours: { amountMinor: null } }])
  })

  it('are compared by keys, however far the clocks are apart', async () => {
    for (const minutes of [-40, -5, 5, 40]) {
      const provider = createListedProvider('charges')
      const now = Date.now()
      for (const n of [1, 2, 3]) {
        const key = `skewed ${minutes} ${n}`
        await record(key)
        const changedAt = now + minutes * 60_000 + n
        provider.add({ key, state: 'charged', amountMinor: 1000, currency: 'EUR', changedAt })
      }
      for (const _again of [1, 2]) await runOnce({ http: { ...real(), payment: provider.http } })
      expect(await stateOf(`skewed ${minutes} 1`)).toEqual([])
      // Within a quarter of an hour nothing is looked up but what the window's edge cuts off.
      if (minutes === -5) expect(provider.calls.keys).toBe(0)
      if (minutes > 0) expect(provider.calls.keys).toBeGreaterThan(0)
      await test.db.charge.deleteMany({ where: { key: { startsWith: 'skewed' } } })
    }
  })

  it('are compared by one process at a time, and two that come at once share the parts of a run', async () => {
    await record('at once')
    const id = await runs.request('tester', 60)
    await Promise.all([reconciler().advance(), reconciler().advance(), reconciler().advance()])
    await reconciler().advance()
    const { state, parts } = await test.db.reconciliationRun.findUniqueOrThrow({
      where: { id },
      include: { parts: true },
    })
    expect([state, parts.map(({ attempts }) => attempts)]).toEqual(['ended', [1, 1, 1]])
    expect(await stateOf('at once')).toEqual(['seen'])
  })

  it('are compared again from the beginning where a process was killed, which has seen it once all the same', async () => {
    await record('killed')
    await runs.request('tester', 60)
    const killed = await runs.claim(['payment'])
    if (killed === undefined) throw new Error('There is no part to do')
    await runs.begin(killed.runId, 0)
    const finding = {
      key: 'killed',
      sagaId: null,
      class: 'missing_there',
      theirs: null,
      isDeferred: false,
    } as const
    const ours = { amountMinor: 1000, currency: 'EUR', state: 'charged' }
    await differences.note(killed, 'payment', [{ ...finding, ours }])
    expect(await stateOf('killed')).toEqual(['seen'])
    await reconciler().advance()
    // While its claim lasts, no other process does its part.
    expect((await runs.newest(1))[0]?.state).toBe('running')
    await makeDue()
    await reconciler().advance()
    expect((await runs.newest(1))[0]?.state).toBe('ended')
    expect(await stateOf('killed')).toEqual(['seen'])
    // One that was only frozen writes nothing any more.
    await differences.note(killed, 'payment', [{ ...finding, ours, key: 'woken' }])
    expect(await stateOf('woken')).toEqual([])
    expect(await runs.extend(killed, { theirs: 0, ours: 0, found: 0, calls: 0 })).toBe(false)
  })

  it('are compared by another process where one ends in order', async () => {
    const ending = reconciler({
      http: perProvider(() => async () => {
        ending.stop()
        return { kind: 'unavailable', retryAfterMs: 60_000 }
      }),
    })
    await runs.request('tester', 60)
    await ending.advance()
    expect((await runs.newest(1))[0]).toMatchObject({ state: 'running' })
    await reconciler().advance()
    expect((await runs.newest(1))[0]).toMatchObject({ state: 'ended' })
  })

  it('are compared run after run: a later one waits while an earlier one is not over', async () => {
    await record('in turn')
    const [first, second] = [await runs.request('a', 60), await runs.request('b', 60)]
    const part = await runs.claim(['payment'])
    expect(part?.runId).toBe(first)
    await reconciler().advance()
    const states = await test.db.reconciliationPart.findMany({ where: { step: part?.step ?? '' } })
    expect(states.map(({ runId, state }) => [runId, state])).toEqual(
      expect.arrayContaining([
        [first, 'waiting'],
        [second, 'waiting'],
      ]),
    )
    expect(await runs.lastRunAt()).toBeNull()
  })

  it('differ in another way the second time: that is a first sight again', async () => {
    await record('changing')
    await runOnce()
    await charge(world, 'changing', 1)
    await runOnce()
    expect(await stateOf('changing')).toEqual(['seen'])
    await runOnce()
    expect(await open('changing')).toMatchObject([{ class: 'amount' }])
  })

  it('are not compared beyond what a run may do, and that is no trouble that passes', async () => {
    const provider = createListedProvider('charges')
    for (let n = 0; n < 250; n += 1) {
      const item = { key: `there ${n}`, state: 'charged', amountMinor: 1, currency: 'EUR' }
      provider.add({ ...item, changedAt: Date.now() - 60_000 + n })
      await record(`here ${n}`)
    }
    const compare = async (limits: { pages?: number; lookups?: number; findings?: number }) => {
      const [part, step] = [
        await runs.claim(['payment']),
        RECONCILED.find(({ name }) => name === 'chargePayment'),
      ]
      if (part === undefined || step === undefined) throw new Error('There is no part to do')
      const { to } = await runs.begin(part.runId, 0)
      await comparePart({
        part,
        step,
        window: { from: new Date(+to - 600_000), to },
        listing: createListing({
          http: provider.http,
          collection: 'charges',
          isMoney: true,
          perSecond: 1000,
          signal: new AbortController().signal,
          onCall: () => undefined,
        }),
        records: createOurRecords(test.db, step),
        differences,
        counts: { theirs: 0, ours: 0, found: 0, calls: 0 },
        signal: new AbortController().signal,
        limits: { pages: 9, lookups: 999, findings: 999, ...limits },
      })
    }
    const codeOf = async (limits: Parameters<typeof compare>[0]) => {
      await runs.request('tester', 60)
      await makeDue()
      return compare(limits).then(
        () => 'compared',
        (error: unknown) => (error instanceof Fault ? error.code : String(error)),
      )
    }
    expect(await codeOf({})).toBe('compared')
    expect(await codeOf({ pages: 2 })).toBe('TOO_MANY_PAGES')
    expect(await codeOf({ lookups: 249 })).toBe('TOO_MANY_LOOKUPS')
    expect(await codeOf({ findings: 499 })).toBe('TOO_MANY_DIFFERENCES')
  })

  it('are forgotten three months after they agreed again, with the runs of that time', async () => {
    const at = new Date(Date.now() - 91 * 86_400_000)
    const old = {
      step: 'chargePayment',
      provider: 'payment',
      class: 'amount',
      lastRun: randomUUID(),
      lastSeen: at,
    }
    await test.db.reconciliationDifference.createMany({
      data: [
        { ...old, key: 'old and gone', state: 'gone' },
        { ...old, key: 'old and settled', state: 'settled', settledAt: at },
        { ...old, key: 'new and gone', state: 'gone', lastSeen: new Date() },
      ],
    })
    const ended = { requestedBy: 'tester', windowMinutes: 60, state: 'ended', windowTo: at, endedAt: at }
    await test.db.reconciliationRun.create({ data: { id: randomUUID(), ...ended } })
    await runOnce()
    const kept = await test.db.reconciliationDifference.findMany({
      where: { key: { contains: ' and ' } },
      orderBy: { key: 'asc' },
    })
    expect(kept.map(({ key }) => key)).toEqual(['new and gone', 'old and settled'])
    expect(await runs.newest(10)).toHaveLength(1)
  })

  it('are asked for at most ten times in advance', async () => {
    const ids = new Set<string>()
    for (let n = 0; n < 15; n += 1) ids.add(await runs.request('eager', n + 1))
    expect(ids.size).toBe(10)
    const [newest] = await runs.newest(1)
    expect(newest?.windowMinutes).toBe(15)
  })

  describe('with a provider in trouble', () => {
    const payment = (http: ProviderHttp, limits: Partial<ReconcilerOptions> = {}) => ({
      ...limits,
      http: { ...real(), payment: http },
    })
    const troubles = ({ parts }: { parts: { step: string; state: string; trouble: string | null }[] }) =>
      Object.fromEntries(parts.map(({ step, state, trouble }) => [step, trouble ?? state]))
    const page = (items: object[], cursor: string, hasMore: boolean): Awaited<ReturnType<ProviderHttp>> => ({
      kind: 'ok',
      effect: { status: 200, body: { data: items, cursor, hasMore } },
    })
    const item = (n: number, others: object = {}) => ({
      key: `k${n}`,
      state: 'charged',
      amountMinor: 1,
      currency: 'EUR',
      changedAt: new Date(Date.now() - 60_000).toISOString(),
      ...others,
    })

    it('the parts of others are compared, and the run ends when it is back', async () => {
      const away: ProviderHttp = async () => {
        throw new Fault('PROVIDER_ERROR', 'away', 1)
      }
      const run = await runOnce(payment(away))
      expect([run.state, troubles(run)]).toEqual([
        'running',
        { chargePayment: 'PROVIDER_ERROR', createShipment: 'ended', refundReturn: 'PROVIDER_ERROR' },
      ])
      expect(await runs.lastRunAt()).toBeNull()
      // It is not begun again at once.
      await reconciler().advance()
      expect(await runs.lastRunAt()).toBeNull()
      await makeDue()
      await reconciler().advance()
      expect(await runs.lastRunAt()).not.toBeNull()
    })

    it('a run has failed after its last attempt, and is no run that ended', async () => {
      await runs.request('tester', 60)
      const outcomes: string[] = []
      const hopeless = reconciler({
        ...payment(async () => page([{ not: 'an item' }], '', false)),
        onEnd: (outcome) => outcomes.push(outcome),
      })
      for (let attempt = 0; attempt < 8; attempt += 1) {
        await hopeless.advance()
        await makeDue()
      }
      expect([outcomes, await runs.lastRunAt()]).toEqual([['failed'], null])
      expect((await runs.newest(1))[0]?.state).toBe('failed')
    })

    it('is asked again after as long as it says, and at most eight times', async () => {
      let asked = 0
      const busy: ProviderHttp = async () => {
        asked += 1
        return asked < 4 ? { kind: 'unavailable', why: 'RATE_LIMITED', retryAfterMs: 1 } : page([], '', false)
      }
      expect(await runOnce(payment(busy))).toMatchObject({ state: 'ended' })
      const full: ProviderHttp = async () => ({ kind: 'unavailable', why: 'RATE_LIMITED', retryAfterMs: 1 })
      const run = await runOnce(payment(full))
      expect(troubles(run)).toMatchObject({ chargePayment: 'RATE_LIMITED' })
      expect(run.parts.find(({ step }) => step === 'chargePayment')?.calls).toBe(0)
    })

    it.each<[string, ProviderHttp]>([
      ['a page that is none', async () => page([{ key: 'x' }], '', false)],
      [
        'an error',
        async () => ({ kind: 'ok', effect: { status: 400, body: { code: 'INVALID_PARAMETER' } } }),
      ],
      ['the same cursor for ever', async () => page([item(1)], 'same', true)],
      ['cursors that come round again', endlessly(3)],
      [
        'a list that goes back in time',
        async () =>
          page([item(1), item(2, { changedAt: new Date(Date.now() - 120_000).toISOString() })], '', false),
      ],
      [
        'what is not of the window',
        async () => page([item(1, { changedAt: new Date(0).toISOString() })], '', false),
      ],
    ])('%s is not believed, and ends', async (_, http) => {
      const run = await runOnce(payment(http))
      expect(troubles(run)).toMatchObject({ chargePayment: 'PROVIDER_UNEXPECTED', createShipment: 'ended' })
    })

    function endlessly(cursors: number): ProviderHttp {
      let calls = 0
      return async () => page([], String((calls += 1) % cursors), true)
    }

    it('a long row of pages without an item is read to its end', async () => {
      let calls = 0
      const sparse: ProviderHttp = async () => page([], String((calls += 1)), calls < 100)
      expect(troubles(await runOnce(payment(sparse)))).toMatchObject({ chargePayment: 'ended' })
    })

    it('a run that no part of could begin has failed, and no later one joins it', async () => {
      const breakers = (held: object) => test.db.$executeRaw`
        INSERT INTO maintenance (id, breakers) VALUES (1, ${JSON.stringify(held)}::jsonb)
        ON CONFLICT (id) DO UPDATE SET breakers = excluded.breakers`
      await breakers({ payment: 'open', shipping: 'open' })
      try {
        for (let n = 0; n < 10; n += 1) await runs.request('tester', 60)
        await test.db.$executeRaw`UPDATE reconciliation_parts SET attempts = 7`
        await reconciler().advance()
        expect((await runs.newest(20)).map(({ state }) => state)).toEqual(
          Array.from({ length: 10 }, () => 'failed'),
        )
      } finally {
        await breakers({})
      }
      expect(await runOnce()).toMatchObject({ state: 'ended' })
    })

    it('is not called while an operator holds its breaker open', async () => {
      let asked = 0
      const http: ProviderHttp = async () => {
        asked += 1
        return page([], '', false)
      }
      await test.db.$executeRaw`
        INSERT INTO maintenance (id, breakers) VALUES (1, '{"payment": "open"}')
        ON CONFLICT (id) DO UPDATE SET breakers = excluded.breakers`
      try {
        expect(troubles(await runOnce(payment(http)))).toMatchObject({ chargePayment: 'BREAKER_OPEN' })
        expect(asked).toBe(0)
      } finally {
        await test.db.$executeRaw`UPDATE maintenance SET breakers = '{}'`
      }
    })
  })

  describe('by themselves', () => {
    const DAILY = { at: '03:10', windowMinutes: 1500 } as const
    const dueAt = async () =>
      (await test.db.reconciliationSchedule.findUniqueOrThrow({ where: { id: 1 } })).dueAt
    const coveredAgo = (text: string) => test.db.$executeRaw`
      UPDATE reconciliation_schedule SET covered_to = clock_timestamp() - ${text}::text::interval`
    const set = (text: string | null) => test.db.$executeRaw`
      UPDATE reconciliation_schedule SET due_at = clock_timestamp() + ${text}::text::interval`

    it('are compared once a day, also by several processes, and at once when that was missed', async () => {
      await test.db.$executeRaw`UPDATE reconciliation_schedule SET due_at = NULL`
      await runs.requestDue(DAILY)
      const first = await dueAt()
      expect(first?.toISOString()).toMatch(/T03:10:00.000Z$/)
      expect(await runs.newest(10)).toEqual([])
      await set('-1 hour')
      await Promise.all(Array.from({ length: 5 }, () => runs.requestDue(DAILY)))
      expect(await dueAt()).toEqual(first)
      expect(await runs.newest(10)).toMatchObject([{ requestedBy: 'schedule', windowMinutes: 1500 }])
    })

    it('are compared back to the end of the last run, and an hour more', async () => {
      await runOnce()
      await coveredAgo('3 days')
      await set('-1 second')
      await runs.requestDue(DAILY)
      const minutes = (await runs.newest(1))[0]?.windowMinutes ?? 0
      expect(minutes - 60).toBeGreaterThanOrEqual(3 * 1440)
      expect(minutes - 60).toBeLessThan(3 * 1440 + 60)
    })

    it('are compared back over an outage, which a short run by hand does not hide', async () => {
      await runOnce()
      await coveredAgo('5 days')
      await runOnce({}, 1500)
      await set('-1 second')
      await runs.requestDue(DAILY)
      const minutes = async () => (await runs.newest(1))[0]?.windowMinutes ?? 0
      expect(await minutes()).toBeGreaterThanOrEqual(5 * 1440)
      await reconciler().advance()
      // Now it is covered, also for a run by hand.
      await runs.request('tester')
      expect(await minutes()).toBe(1500)
      await coveredAgo('5 days')
      await runs.request('tester')
      expect(await minutes()).toBeGreaterThanOrEqual(5 * 1440)
    })

    it('are overdue from when a run was due until one has ended that leaves no gap', async () => {
      const registry = new Registry()
      createReconciliationGauges(registry, test.db)
      const overdue = async () =>
        Number((await registry.metrics()).match(/^ordersaga_reconciliation_overdue_seconds (.*)$/m)?.[1])
      await runs.requestDue(DAILY)
      expect(await overdue()).toBe(0)
      await set('-3 hours')
      expect(await overdue()).toBeGreaterThanOrEqual(3 * 3600)
      await runs.requestDue(DAILY)
      await test.db
        .$executeRaw`UPDATE reconciliation_runs SET requested_at = requested_at - interval '2 hours'`
      expect(await overdue()).toBeGreaterThanOrEqual(2 * 3600)
      await reconciler({ schedule: DAILY }).advance()
      expect(await overdue()).toBe(0)
      await set('-3 hours')
      await runs.requestDue({ at: 'off', windowMinutes: 60 })
      expect(await overdue()).toBe(0)
    })

    it('are compared by an interval where that is set, and never where it is off', async () => {
      await set('10 hours')
      await runs.requestDue({ at: 'off', everyMinutes: 30, windowMinutes: 60 })
      expect(+((await dueAt()) ?? 0)).toBeLessThan(Date.now() + 31 * 60_000)
      await set('-1 second')
      await runs.requestDue({ at: 'off', windowMinutes: 60 })
      expect(await runs.newest(10)).toEqual([])
    })
  })
})

describe('a whole system', () => {
  let system: System
  const served: ProviderName[] = [...PROVIDER_NAMES]
  beforeAll(async () => {
    system = await startSystem({
      input: { pace: 0.02 },
      events: true,
      choreography: true,
      reconciliation: { afterSeconds: 0, served },
    })
  })
  afterAll(() => system.close())

  const list = (query = '') => system.api.get<Differences>(`/operations/reconciliation${query}`)
  const runOnce = async (body?: object): Promise<void> => {
    const answer = await system.api.post('/operations/reconciliation/run', body)
    expect(answer.status).toBe(202)
    const { id } = (await answer.json()) as { id: string }
    await until('the run to end', async () =>
      (await list()).runs.find((run) => run.id === id)?.state === 'ended' ? true : undefined,
    )
  }
  const settle = async (id: string, body: unknown) => {
    const answer = await system.api.post(`/operations/reconciliation/${id}/settle`, body)
    return { status: answer.status, body: (await answer.json()) as Partial<Found> & { code?: string } }
  }

  it('agrees with its providers after orders of every outcome, and returns', async () => {
    const { api, world } = system
    const wishes = [
      {},
      { paymentMethod: 'pm_declined' },
      { paymentMethod: 'pm_lost_reply_1' },
      { paymentMethod: 'pm_partial' },
      { paymentMethod: 'pm_other_currency' },
      { paymentMethod: 'pm_pending_200' },
      { paymentMethod: 'pm_refund_fails_2', service: 'refused' },
      { service: 'refused' },
      { service: 'lost_reply_1' },
      { giftWrap: true },
    ]
    const orders = await Promise.all(
      wishes.flatMap((each) => [api.run(each), api.run({ ...each, coordination: 'choreography' })]),
    )
    const completed = orders.filter(({ status }) => status === 'completed')
    expect(new Set(orders.map(({ status }) => status))).toEqual(new Set(['completed', 'rejected']))
    const returns = await Promise.all(
      completed.slice(0, 2).map(async ({ id }) => {
        const back = await api.askToReturn(id, { reason: 'It leaks.' })
        await world.receiveParcel(back.id)
        return api.returned(back.id, 'refunded')
      }),
    )
    expect(returns).toHaveLength(2)
    for (const _again of [1, 2]) await runOnce()
    expect(await list()).toMatchObject({ data: [], nextCursor: null })
    const [run] = (await list()).runs
    expect(run?.parts.find(({ step }) => step === 'refundReturn')).toMatchObject({
      theirs: 2,
      ours: 2,
      found: 0,
    })
    // Deferred ones, if there were any, have agreed since.
    expect(await system.db.reconciliationDifference.count()).toBe(0)
  })

  it('lists a difference when two runs have seen it, until a treasurer settles it', async () => {
    const { api, world, db } = system
    const before = await list()
    await charge(world, 'planted', 4321, 'USD')
    await runOnce({ windowMinutes: 60 })
    const seen = await db.reconciliationDifference.findFirstOrThrow({ where: { key: 'planted' } })
    const once = await list('?state=open')
    expect(once.data).toEqual([])
    expect(Date.parse(once.lastRunAt ?? '')).toBeGreaterThan(Date.parse(before.lastRunAt ?? '0'))
    expect(await settle(seen.id, { reason: 'too early' })).toMatchObject({
      status: 404,
      body: { code: 'DIFFERENCE_NOT_FOUND' },
    })
    expect((await api.invariants()).checks.find(({ name }) => name === 'reconciliation')?.ok).toBe(true)
    await runOnce()
    const { data } = await list('?state=open')
    expect(data).toMatchObject([
      {
        class: 'missing_here',
        provider: 'payment',
        key: 'planted',
        ours: null,
        theirs: { amountMinor: 4321, currency: 'USD', state: 'charged' },
        state: 'open',
        firstSeen: seen.firstSeen.toISOString(),
      },
    ])
    const id = data[0]?.id ?? ''
    expect((await api.invariants()).checks.find(({ name }) => name === 'reconciliation')).toEqual({
      name: 'reconciliation',
      ok: false,
      detail: '1 violations: payment missing_here planted',
    })
    const gauge = 'ordersaga_reconciliation_differences{provider="payment",class="missing_here"}'
    expect(await system.metrics()).toContain(`${gauge} 1`)

    for (const body of [
      {},
      { reason: '' },
      { reason: 'x'.repeat(501) },
      { reason: '4111 1111 1111 1111' },
      { reason: 'x', more: 1 },
    ])
      expect((await settle(id, body)).status).toBe(422)
    expect((await settle(randomUUID(), { reason: 'x' })).status).toBe(404)
    expect((await settle('no-id', { reason: 'x' })).body.code).toBe('DIFFERENCE_NOT_FOUND')
    const settled = await settle(id, { reason: 'Refunded at the gateway.' })
    expect(settled).toMatchObject({
      status: 200,
      body: { state: 'settled', settledBy: 'developer', settledBecause: 'Refunded at the gateway.' },
    })
    expect(await settle(id, { reason: 'Another reason.' })).toEqual(settled)
    expect([(await list('?state=open')).data, (await list('?state=settled')).data]).toEqual([
      [],
      [settled.body],
    ])
    expect((await api.invariants()).checks.find(({ name }) => name === 'reconciliation')?.ok).toBe(true)
    expect(await system.metrics()).toContain(`${gauge} 0`)
    expect(await db.operatorAction.findMany({ where: { action: 'settle' } })).toMatchObject([
      { actor: 'developer', differenceId: id, before: { state: 'open', class: 'missing_here' } },
    ])
    const audit = await api.get<{ data: { target: string; reason: string | null }[] }>('/operations/audit')
    expect(audit.data).toContainEqual(
      expect.objectContaining({ target: `reconciliation/${id}`, reason: 'Refunded at the gateway.' }),
    )
    await runOnce()
    expect((await list('?state=open')).data).toEqual([])
  })

  it('refuses what is no window', async () => {
    for (const body of [
      { windowMinutes: 0 },
      { windowMinutes: 1.5 },
      { windowMinutes: '5' },
      { windowMinutes: 527_041 },
      { more: 1 },
      [],
    ])
      expect((await system.api.post('/operations/reconciliation/run', body)).status).toBe(422)
    for (const query of ['?state=seen', '?limit=0', '?cursor=x', '?more=1'])
      expect((await fetch(`${system.apiUrl}/operations/reconciliation${query}`)).status).toBe(400)
  })

  it('is listed page by page, newest first', async () => {
    const { db } = system
    const times = ['2026-01-03', '2026-01-01', '2026-01-02', '2026-01-02'].map((day) => new Date(day))
    await db.reconciliationDifference.createMany({
      data: times.map((firstSeen, n) => ({
        step: 'chargePayment',
        provider: 'payment',
        key: `page ${n}`,
        class: 'missing_here',
        state: 'gone',
        firstSeen,
        lastRun: randomUUID(),
      })),
    })
    const keys: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Differences = await list(`?state=gone&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`)
      keys.push(...page.data.map(({ key }) => key))
      cursor = page.nextCursor
    }
    expect([keys.length, keys[0], keys.at(-1)]).toEqual([4, 'page 0', 'page 1'])
    expect(new Set(keys).size).toBe(4)
  })
})
