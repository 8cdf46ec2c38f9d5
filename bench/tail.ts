import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import Table from 'cli-table3'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import { guardProvider } from '../domain/provider/guard.ts'
import { hedgeReads } from '../domain/provider/hedge.ts'
import { createProviderHttp, type ProviderHttp } from '../domain/provider/http.ts'
import { createKeyedProvider } from '../domain/provider/keyed.ts'
import { createConcurrencyLimit } from '../domain/provider/limit.ts'
import { PERMITS } from '../domain/provider/permits.ts'
import { Fault } from '../faults.ts'
import { PROVIDERS } from '../providers.ts'
import { startServers } from '../test/harness/servers.ts'
import { startSystemOn, type System } from '../test/harness/system.ts'
import { until } from '../test/harness/poll.ts'
import { startWorld, type World } from '../test/harness/world.ts'
import { ATTEMPTS, BACKOFF, waitingMs } from '../workflows/saga/policies.ts'
import { atOnce, percentiles, round, shuffled, spreadOf, withSpread } from './instruments/figures.ts'

/**
 * Do hedged reads and adaptive concurrency help while providers answer late? First the reads alone, through the client of
 * a provider. Then charges at a provider that is overloaded or slow, with the slots, breaker and waits of a worker. Then
 * whole orders, with a system for each contestant. In each round every contestant plays every scene, in random order, or
 * at the same time where they do nothing but wait. Ratios are those to the fixed contestant of the same round, as
 * median (least–most). Calls are counted at the provider, hedges by the client.
 */
const ROUNDS = 5
const TAIL = { percent: 5, ms: 2000 }
const ALL_SLOW = { percent: 100, ms: 2000 }

const READ_PAUSE_MS = 10
const READ_SCENES = [
  { name: 'healthy', reads: 300, atOnce: 8, tail: undefined },
  { name: '2 % of 2000 ms', reads: 300, atOnce: 8, tail: { percent: 2, ms: 2000 } },
  { name: '5 % of 2000 ms', reads: 300, atOnce: 8, tail: TAIL },
  { name: 'all 2000 ms', reads: 64, atOnce: 32, tail: ALL_SLOW },
  { name: 'healthy again', reads: 300, atOnce: 8, tail: undefined },
] as const

/** As many orders at once as keep all slots of a provider busy. */
const CHARGES_AT_ONCE = 40
/** For so long; at most so many calls at once, each for so long; the others wait in line, also when their caller has gone. */
const CHARGE_SCENES = [
  { name: '300 ms', forMs: 3000, limits: { places: 40, ms: 300 } },
  { name: '5 calls a second', forMs: 40_000, limits: { places: 2, ms: 400 } },
  { name: '300 ms again', forMs: 9000, limits: { places: 40, ms: 300 } },
  { name: 'all 2000 ms', forMs: 15_000, limits: { places: 40, ms: 2000 } },
] as const

const CONTESTANTS = ['fixed', 'hedged', 'adaptive', 'both'] as const
type Contestant = (typeof CONTESTANTS)[number]

/** Charges that are asked for by key, beside plain ones. */
const MIXED = ['pm_lost_reply_1', 'pm_pending_500', 'pm_lost_reply_1', 'pm_ok']
const ORDER_SCENES = [
  { name: 'healthy', orders: 12, atOnce: 12, methods: MIXED, tail: undefined },
  { name: '5 % of 2000 ms', orders: 16, atOnce: 12, methods: MIXED, tail: TAIL },
  { name: 'all 2000 ms', orders: 8, atOnce: 8, methods: MIXED, tail: ALL_SLOW },
] as const

interface Load {
  orders: number
  atOnce: number
  methods: readonly string[]
}

/** What came of one contestant in one scene of one round. */
interface Played {
  p50: number
  p99: number
  perSecond: number
  reads: number
  hedges: number
  calls: number
  rejected: number
}

const played = new Map<string, Played[]>()
const [only] = process.argv.slice(3)
if ((only ?? 'reads') === 'reads') await compareReads()
// The charges do nothing but wait: they take no time from the orders.
await Promise.all([
  (only ?? 'charges') === 'charges' ? compareCharges() : undefined,
  (only ?? 'orders') === 'orders' ? compareOrders() : undefined,
])
process.exit()

async function compareReads(): Promise<void> {
  const gate = createGate()
  const world = await startWorld(gate.handler)
  const client = () => createProviderHttp({ name: 'payment', baseUrl: world.url })
  let hedges = 0
  const onHedge = (what: string) => {
    if (what === 'sent') hedges += 1
  }
  const contestants: Record<string, ProviderHttp> = {
    fixed: client(),
    hedged: hedgeReads({ http: client(), onHedge }),
  }
  const keys = Array.from({ length: 50 }, (_, n) => `order:${n}:chargePayment`)
  for (const key of keys) await charge(world.url, key)
  for (let n = 0; n < ROUNDS; n += 1)
    for (const scene of READ_SCENES)
      for (const [name, http] of shuffled(Object.entries(contestants))) {
        await world.break(scene.tail === undefined ? {} : { tail: scene.tail })
        const before = { calls: gate.calls('GET'), hedges, atMs: performance.now() }
        const times: number[] = []
        await atOnce(scene.atOnce, scene.reads, async (index) => {
          const beganAt = performance.now()
          const path = `/charges/${encodeURIComponent(keys[index % keys.length] ?? '')}`
          await http({ method: 'GET', path }, attempt())
          times.push(performance.now() - beganAt)
          await sleep(READ_PAUSE_MS)
        })
        const calls = gate.calls('GET') - before.calls
        const seconds = (performance.now() - before.atMs) / 1000
        note(`reads ${scene.name}`, name, {
          ...percentiles(times),
          perSecond: scene.reads / seconds,
          reads: scene.reads,
          hedges: hedges - before.hedges,
          calls,
          rejected: 0,
        })
      }
  world.kill()
  report(
    'Reads by key',
    READ_SCENES.map(({ name }) => `reads ${name}`),
    Object.keys(contestants),
  )
}

async function compareCharges(): Promise<void> {
  const { slots } = PROVIDERS.payment
  const contestants = await Promise.all(
    (['fixed', 'adaptive'] as const).map(async (name) => {
      const gate = createGate()
      const world = await startWorld(gate.handler)
      const guard = guardProvider({
        name: 'payment',
        http: createProviderHttp({ name: 'payment', baseUrl: world.url }),
        slots,
        ...(name === 'adaptive' ? { limit: createConcurrencyLimit(slots + PERMITS) } : {}),
      })
      return { name, world, gate, charges: chargesAt(guard.http), slots: createSlots(slots) }
    }),
  )
  for (let n = 0; n < ROUNDS; n += 1)
    for (const scene of CHARGE_SCENES) {
      await Promise.all(
        contestants.map(async ({ name, gate, charges, slots: places }) => {
          gate.limit(scene.limits)
          const calls = gate.calls()
          const { times, rejected } = await chargeFor(scene.forMs, charges, places)
          note(`charges ${scene.name}`, name, {
            ...percentiles(times),
            perSecond: times.length / (scene.forMs / 1000),
            reads: 0,
            hedges: 0,
            calls: gate.calls() - calls,
            rejected,
          })
          gate.limit(undefined)
          await gate.idle()
        }),
      )
    }
  for (const { world } of contestants) world.kill()
  report(
    `Charges, ${CHARGES_AT_ONCE} at once`,
    CHARGE_SCENES.map(({ name }) => `charges ${name}`),
    contestants.map(({ name }) => name),
  )
}

/**
 * Charges one order after the other, so many at once. What is begun in time is ended; what ends later is not counted as
 * done.
 */
async function chargeFor(
  ms: number,
  charges: Charges,
  slots: Slots,
): Promise<{ times: number[]; rejected: number }> {
  const endAt = performance.now() + ms
  const times: number[] = []
  let rejected = 0
  const keepCharging = async () => {
    while (performance.now() < endAt) {
      const beganAt = performance.now()
      const isDone = await chargeOnce(charges, slots, endAt)
      if (performance.now() >= endAt) return
      if (isDone) times.push(performance.now() - beganAt)
      else rejected += 1
    }
  }
  await Promise.all(Array.from({ length: CHARGES_AT_ONCE }, keepCharging))
  return { times, rejected }
}

type Charges = ReturnType<typeof chargesAt>

function chargesAt(http: ProviderHttp) {
  return createKeyedProvider<object, { id: string }>({
    http,
    collection: 'charges',
    effect: z.object({ id: z.string() }),
    states: { live: 'charged', undone: 'refunded' },
    refusals: {},
    undo: (key) => ({ method: 'POST', path: '/refunds', body: { chargeKey: key } }),
  })
}

/** The queued attempts of one step, with the attempts and waits of an order. @returns whether it was done. */
async function chargeOnce(charges: Charges, slots: Slots, endAt: number): Promise<boolean> {
  const key = `order:${randomUUID()}:chargePayment`
  const request = { amountMinor: 100, currency: 'EUR', paymentMethod: 'pm_ok' }
  let [spent, waits] = [0, 0]
  for (let isFirst = true; spent < ATTEMPTS.giveUp && performance.now() < endAt; isFirst = false) {
    const answer = await slots.use(async () => {
      try {
        const found = isFirst ? undefined : await charges.find(key, attempt())
        return found ?? (await charges.create(key, request, attempt()))
      } catch (error) {
        if (error instanceof Fault) return 'fault' as const
        throw error
      }
    })
    if (answer === 'fault') {
      spent += 1
      await sleep(Math.min(BACKOFF.maxMs, BACKOFF.initialMs * BACKOFF.coefficient ** (spent - 1)))
    } else if (answer.kind === 'unavailable') {
      await sleep(waitingMs(waits, answer))
      waits += 1
    } else return answer.kind === 'ok'
  }
  return false
}

type Slots = ReturnType<typeof createSlots>

/** The slots of a worker: the others wait at Temporal. */
function createSlots(count: number) {
  const line: (() => void)[] = []
  let inUse = 0
  return {
    async use<T>(work: () => Promise<T>): Promise<T> {
      if (inUse >= count) await new Promise<void>((enter) => line.push(enter))
      else inUse += 1
      try {
        return await work()
      } finally {
        const following = line.shift()
        if (following === undefined) inUse -= 1
        else following()
      }
    },
  }
}

async function compareOrders(): Promise<void> {
  const { servers, stop } = await startServers([])
  const open: { contestant: Contestant; system: System; world: World; gate: Gate }[] = []
  try {
    for (const contestant of CONTESTANTS) {
      const gate = createGate()
      const world = await startWorld(gate.handler)
      const system = await startSystemOn(servers, {
        world,
        hedgedReads: contestant === 'hedged' || contestant === 'both',
        adaptiveConcurrency: contestant === 'adaptive' || contestant === 'both',
      })
      open.push({ contestant, system, world, gate })
      // Enough reads that a late one is known as late.
      await place(system, { orders: 24, atOnce: 12, methods: ['pm_lost_reply_1'] })
    }
    for (let n = 0; n < ROUNDS; n += 1)
      for (const scene of ORDER_SCENES)
        for (const { contestant, system, world, gate } of shuffled(open)) {
          await world.break(scene.tail === undefined ? {} : { tail: scene.tail })
          const before = countsOf(system, gate)
          const taken = await place(system, scene)
          const after = countsOf(system, gate)
          await world.mend()
          const hedges = after.hedges - before.hedges
          note(scene.name, contestant, {
            ...taken,
            hedges,
            reads: after.reads - before.reads - hedges,
            calls: after.calls - before.calls,
          })
        }
    report(
      'Orders',
      ORDER_SCENES.map(({ name }) => name),
      CONTESTANTS,
    )
  } finally {
    for (const { system } of open) await system.close()
    await stop()
  }
}

function countsOf({ hedges }: System, gate: Gate) {
  return {
    calls: gate.calls(),
    reads: gate.calls('GET'),
    hedges: hedges.filter((each) => each.endsWith('sent')).length,
  }
}

/** Places orders, so many at once, and answers how long they took by the times of their events. */
async function place(
  { api, db }: System,
  { orders, atOnce: places, methods }: Load,
): Promise<Pick<Played, 'p50' | 'p99' | 'perSecond' | 'rejected'>> {
  const ids: string[] = []
  let rejected = 0
  await atOnce(places, orders, async (index) => {
    const { id } = await api.place({ paymentMethod: methods[index % methods.length] ?? 'pm_ok' })
    const { status } = await api.ended(id)
    if (status !== 'completed') rejected += 1
    ids.push(`order-${id}`)
  })
  const times = await db.$queryRaw<{ from: Date; to: Date }[]>`
    SELECT min(recorded_at) AS "from", max(recorded_at) AS "to" FROM events
     WHERE stream_id = ANY (${ids}) AND type IN ('OrderPlaced', 'OrderCompleted', 'OrderRejected') GROUP BY stream_id`
  const from = Math.min(...times.map((time) => time.from.getTime()))
  const to = Math.max(...times.map((time) => time.to.getTime()))
  return {
    ...percentiles(times.map((time) => time.to.getTime() - time.from.getTime())),
    perSecond: orders / ((to - from) / 1000),
    rejected,
  }
}

type Gate = ReturnType<typeof createGate>

/** Stands before a provider: counts its calls, and lets no more of them in at once than the scene has places. */
function createGate() {
  const byMethod = new Map<string, number>()
  const line: (() => void)[] = []
  let limits: { places: number; ms: number } | undefined
  let busy = 0
  const handler: RequestHandler = async (request, _response, next) => {
    if (request.path === '/faults' || request.path === '/ledger') return next()
    byMethod.set(request.method, (byMethod.get(request.method) ?? 0) + 1)
    if (limits === undefined || !request.path.startsWith('/charges')) return next()
    const { places, ms } = limits
    if (busy >= places) await new Promise<void>((enter) => line.push(enter))
    else busy += 1
    await sleep(ms)
    const following = line.shift()
    if (following === undefined) busy -= 1
    else following()
    next()
  }
  return {
    handler,
    calls: (method?: string) =>
      method === undefined
        ? [...byMethod.values()].reduce((sum, count) => sum + count, 0)
        : (byMethod.get(method) ?? 0),
    limit(to: { places: number; ms: number } | undefined) {
      limits = to
    },
    idle: () => until('the line to be empty', () => (busy === 0 ? true : undefined)),
  }
}

async function charge(url: string, key: string): Promise<void> {
  const body = JSON.stringify({ amountMinor: 100, currency: 'EUR', paymentMethod: 'pm_ok' })
  const headers = { 'content-type': 'application/json', 'idempotency-key': key }
  const response = await fetch(`${url}/charges`, { method: 'POST', body, headers })
  if (response.status !== 201) throw new Error(`The sandbox answered a charge with ${response.status}`)
}

function attempt() {
  return { number: 2, isLocal: false, signal: new AbortController().signal }
}

function note(scene: string, contestant: string, result: Played): void {
  const key = `${scene}/${contestant}`
  played.set(key, [...(played.get(key) ?? []), result])
  process.stderr.write(`${key}: ${JSON.stringify(result, (_, value) => roundIf(value))}\n`)
}

function roundIf(value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 10) / 10 : value
}

function report(title: string, scenes: readonly string[], contestants: readonly string[]): void {
  const table = new Table({
    head: [
      'scene',
      'contestant',
      'p50 ms',
      'p99 ms',
      'p99 ratio',
      'per s',
      'per s ratio',
      'hedges/reads',
      'calls',
      'rejected',
    ],
    style: { head: [], border: [] },
  })
  for (const scene of scenes)
    for (const contestant of contestants) {
      const rounds = played.get(`${scene}/${contestant}`) ?? []
      const fixed = played.get(`${scene}/fixed`) ?? []
      const median = (figure: (result: Played) => number) => percentiles(rounds.map(figure)).p50
      const sum = (figure: (result: Played) => number) => rounds.reduce((all, each) => all + figure(each), 0)
      const ratios = (figure: (result: Played) => number) =>
        withSpread(spreadOf(rounds.map((result, n) => figure(result) / figure(fixed[n] ?? result))))
      const [hedges, reads] = [sum((result) => result.hedges), sum((result) => result.reads)]
      table.push([
        scene,
        contestant,
        round(median(({ p50 }) => p50)),
        round(median(({ p99 }) => p99)),
        ratios(({ p99 }) => p99),
        median(({ perSecond }) => perSecond).toFixed(1),
        ratios(({ perSecond }) => perSecond),
        `${hedges}/${reads} = ${((100 * hedges) / Math.max(1, reads)).toFixed(1)} %`,
        sum(({ calls }) => calls),
        sum(({ rejected }) => rejected),
      ])
    }
  process.stdout.write(`${title}, ${ROUNDS} rounds:\n${table.toString()}\n`)
}
