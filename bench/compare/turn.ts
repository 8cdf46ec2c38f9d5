import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { request } from 'undici'
import { percentiles } from '../instruments/figures.ts'
import type { Contestant, Running } from './contestant.ts'
import { openMeter, type Cost, type Meter } from './costs.ts'
import { HOT_SKU, LAST_SKU, LAST_UNITS, spreadSku, startServers, type Servers } from './servers.ts'
import { openLoad, spread, type Load, type Placed } from './load.ts'

/** How long each part of a turn lasts, and how much it asks for. */
export interface Sizes {
  warmUpMs: number
  idleMs: number
  closedMs: number
  inFlight: readonly number[]
  openMs: number
  /** Of the best rate of the closed loops. */
  openShares: readonly number[]
  burst: number
  lastWanted: number
  recovery: { orders: number; crashAfter: number }
}

export const SIZES: Sizes = {
  warmUpMs: 5000,
  idleMs: 2000,
  closedMs: 5000,
  inFlight: [1, 8, 32, 128],
  openMs: 4000,
  openShares: [0.25, 0.5, 0.8],
  burst: 500,
  lastWanted: 150,
  recovery: { orders: 400, crashAfter: 20 },
}

/** To see that everything works. */
export const QUICK: Sizes = {
  ...SIZES,
  warmUpMs: 1000,
  idleMs: 1000,
  closedMs: 1500,
  inFlight: [1, 32],
  openMs: 1500,
  openShares: [0.5],
  burst: 60,
  recovery: { orders: 60, crashAfter: 10 },
}

/** Costs are those with so many orders in flight, and scenes are compared with that loop. */
export const USUAL = 32

export interface Latencies {
  p50: number
  p99: number
  p999: number
}

export interface Rate {
  ordersPerSecond: number
  /** Milliseconds from when the order was wanted. */
  accepted: Latencies
  ended: Latencies
}

/** What one turn of one contestant has shown. */
export interface Turn {
  contestant: string
  /** Milliseconds from the start of its processes to its first accepted order. */
  coldStartMs: number
  /** Milliseconds of CPU and statements in a second, while nothing is placed. */
  idle: { cpuMs: number; statements: number }
  /** By orders in flight. */
  closed: Readonly<Record<string, Rate>>
  cost: Cost
  memoryMiB: Readonly<Record<string, number>>
  history: { events: number; bytes: number } | undefined
  diskBytes: number
  /** Where they were played. */
  scenes?: Scenes
}

export interface Scenes {
  /** By the share of its best rate. */
  open: Readonly<Record<string, Rate>>
  burst: Rate
  /** Where all ask for one product that there is not enough of. */
  sellOut: Rate
  /** Four in five orders are for the same product. */
  hot: Rate
  /** Milliseconds from the kill to the end of the last order, and the orders that were accepted and had not ended then. */
  recovery: { ms: number; inFlight: number }
}

/**
 * One contestant, from nothing to nothing.
 * @throws Error when an order is lost, doubled or half done, or more is sold than there is.
 */
export async function playTurn(
  contestant: Contestant,
  sizes: Sizes,
  hasScenes: boolean,
  log: (line: string) => void,
): Promise<Turn> {
  const servers = await startServers(contestant.temporal, log)
  let running: Running | undefined
  let load: Load | undefined
  let meter: Meter | undefined
  try {
    const beganAt = performance.now()
    running = await contestant.start(servers.ground)
    load = openLoad(running)
    const orders = await load.burst(1)
    const coldStartMs = performance.now() - beganAt
    meter = await openMeter(servers, running)
    orders.push(...(await load.closed(8, sizes.warmUpMs)))

    const stopIdle = await meter.start()
    await sleep(sizes.idleMs)
    const idle = await stopIdle(sizes.idleMs / 1000)

    const diskBefore = await meter.disk()
    const ordersBefore = orders.length
    const closed: Record<string, Rate> = {}
    let cost: Cost | undefined
    for (const inFlight of sizes.inFlight) {
      const settle = await meter.start()
      const placed = await load.closed(inFlight, sizes.closedMs)
      orders.push(...placed)
      closed[inFlight] = rateOf(placed)
      if (inFlight !== USUAL) continue
      // What follows the end of an order, e.g. its read models.
      await sleep(1000)
      cost = await settle(placed.length)
    }
    const diskBytes = ((await meter.disk()) - diskBefore) / (orders.length - ordersBefore)
    const memoryMiB = meter.memory()
    if (cost === undefined) throw new Error(`No loop has ${USUAL} orders in flight.`)

    const best = Math.max(...Object.values(closed).map(({ ordersPerSecond }) => ordersPerSecond))
    const played = hasScenes ? await playScenes(load, running, sizes, best) : undefined
    orders.push(...(played?.orders ?? []))
    await requireExact(running, orders)
    return {
      contestant: contestant.name,
      coldStartMs,
      idle: { cpuMs: idle.cpuMsInAll, statements: idle.statements },
      closed,
      cost,
      memoryMiB,
      history: await historyOf(servers, running, orders),
      diskBytes,
      ...(played === undefined ? {} : { scenes: played.scenes }),
    }
  } finally {
    await load?.close().catch((error: unknown) => log(String(error)))
    await meter?.close()
    await running?.stop()
    await servers.stop()
  }
}

/** @param best orders per second of the contestant in a closed loop. */
async function playScenes(
  load: Load,
  running: Running,
  sizes: Sizes,
  best: number,
): Promise<{ scenes: Scenes; orders: Placed[] }> {
  const orders: Placed[] = []
  const open: Record<string, Rate> = {}
  for (const share of sizes.openShares) {
    const placed = await load.open(best * share, sizes.openMs)
    orders.push(...placed)
    open[share] = rateOf(placed)
  }
  const burst = await load.burst(sizes.burst)
  const hot = await load.closed(USUAL, sizes.closedMs, (n) => ({
    ...spread(n),
    sku: n % 5 === 0 ? spreadSku(n) : HOT_SKU,
  }))
  const last = await load.burst(sizes.lastWanted, { wish: () => ({ sku: LAST_SKU, isRefused: false }) })
  const sold = last.filter(({ outcome }) => outcome === 'completed').length
  if (running.sandboxUrl !== undefined && sold !== Math.min(LAST_UNITS, sizes.lastWanted))
    throw new Error(`${sold} orders of the last ${LAST_UNITS} units were completed.`)
  const recovered = await recover(load, running, sizes.recovery)
  return {
    scenes: {
      open,
      burst: rateOf(burst),
      sellOut: rateOf(last),
      hot: rateOf(hot),
      recovery: { ms: recovered.ms, inFlight: recovered.inFlight },
    },
    orders: [...orders, ...burst, ...hot, ...last, ...recovered.orders],
  }
}

/** From when the first was wanted to the end of the last. */
export function rateOf(orders: readonly Placed[]): Rate {
  const beganAt = Math.min(...orders.map(({ intendedAt }) => intendedAt))
  const lastAt = Math.max(...orders.map(({ endedAt }) => endedAt))
  const latencies = (of: (order: Placed) => number): Latencies => {
    const { p50, p99, p999 } = percentiles(orders.map((order) => of(order) - order.intendedAt))
    return { p50, p99, p999 }
  }
  return {
    ordersPerSecond: (orders.length * 1000) / (lastAt - beganAt),
    accepted: latencies(({ acceptedAt }) => acceptedAt),
    ended: latencies(({ endedAt }) => endedAt),
  }
}

/** Many orders at once; when the first have ended, all processes that carry them out are killed. */
async function recover(load: Load, running: Running, { orders, crashAfter }: Sizes['recovery']) {
  let crashedAt = Number.NaN
  let crashing: Promise<void> | undefined
  const placed = await load.burst(orders, {
    onEnded(ended) {
      if (ended !== crashAfter) return
      crashedAt = Date.now()
      crashing = running.crash()
    },
  })
  await crashing
  const lastAt = Math.max(...placed.map(({ endedAt }) => endedAt))
  return {
    orders: placed,
    ms: lastAt - crashedAt,
    inFlight: placed.filter(({ acceptedAt, endedAt }) => acceptedAt < crashedAt && endedAt > crashedAt)
      .length,
  }
}

interface Ledger {
  charges: { state: string }[]
  shipments: { state: string }[]
}

/** The outside world has one charge and one shipment of each order that was completed, and nothing of the others. */
async function requireExact({ sandboxUrl }: Running, orders: readonly Placed[]): Promise<void> {
  if (sandboxUrl === undefined) return
  const answer = await request(`${sandboxUrl}/ledger`)
  const { charges, shipments } = (await answer.body.json()) as Ledger
  const live = [
    charges.filter(({ state }) => state === 'charged').length,
    shipments.filter(({ state }) => state === 'created').length,
  ]
  const completed = orders.filter(({ outcome }) => outcome === 'completed').length
  if (live.some((count) => count !== completed))
    throw new Error(`${completed} orders were completed, with ${live.join(' and ')} charges and shipments.`)
}

/** Of one order that was completed. */
export async function historyOf(
  { ground }: Servers,
  { workflowId }: Running,
  orders: readonly Placed[],
): Promise<Turn['history']> {
  const order = orders.findLast(({ outcome }) => outcome === 'completed')
  if (workflowId === undefined || order === undefined) return undefined
  const connection = await Connection.connect({ address: ground.temporalAddress })
  try {
    const description = await new Client({ connection }).workflow.getHandle(workflowId(order.id)).describe()
    return { events: description.historyLength, bytes: description.historySize ?? 0 }
  } finally {
    await connection.close()
  }
}
