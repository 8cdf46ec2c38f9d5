import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { Gauge, type Registry } from 'prom-client'
import { describeError } from './logger.ts'

/** What a clock shows, in milliseconds since the epoch, read at some time between the call and its answer. */
export type ReadClock = () => Promise<number>

/** How far a clock is ahead of the clock of this host, and by how much more or less it may be. */
export interface Skew {
  skewMs: number
  uncertaintyMs: number
}

/** The first reading may have to open a connection: the quickest of so many counts. */
const READINGS = 3

/** Clocks that NTP holds together differ by milliseconds. */
const SKEW_MAX_MS = 2000

/** What was read less exactly is not shown. */
const UNCERTAINTY_MAX_MS = 1000

const INTERVAL_MS = 60_000
const UNREAD_INTERVAL_MS = 5000

/**
 * Reads a clock between two readings of our own: half of the time between them is how wrong the difference can be.
 * @throws what `read` throws.
 */
export async function measureSkew(read: ReadClock, now: () => number = Date.now): Promise<Skew> {
  const readings: Skew[] = []
  while (readings.length < READINGS) {
    const before = now()
    const shown = await read()
    const after = now()
    // A clock that is set back meanwhile makes the time between them negative, and the reading a bad one all the same.
    readings.push({ skewMs: shown - (before + after) / 2, uncertaintyMs: Math.abs(after - before) / 2 })
  }
  return readings.reduce((best, other) => (other.uncertaintyMs < best.uncertaintyMs ? other : best))
}

type Verdict = 'together' | 'apart' | 'unknown'

/** A clock is apart only when it is so at both ends of what it may be. */
export function judge({ skewMs, uncertaintyMs }: Skew): Verdict {
  if (Math.abs(skewMs) - uncertaintyMs > SKEW_MAX_MS) return 'apart'
  return uncertaintyMs > UNCERTAINTY_MAX_MS ? 'unknown' : 'together'
}

export interface ClockWatch {
  clocks: Readonly<Record<'database' | 'temporal', ReadClock>>
  metrics: Registry
  log: Logger
  /** The clock of this host. */
  now?: () => number
  intervalMs?: number
  /** Between looks at a clock that could not be read. */
  unreadIntervalMs?: number
}

/**
 * Measures at once and each minute how far the clocks are from the one of this host, shows it as a metric, and logs it
 * when it begins or ceases to matter. The returned function ends that and waits for what is in progress.
 */
export function watchClocks({ clocks, metrics, ...watch }: ClockWatch): () => Promise<void> {
  const gauge = new Gauge({
    name: 'ordersaga_clock_skew_seconds',
    help: 'How far a clock is ahead of the clock of this host',
    labelNames: ['clock'],
    registers: [metrics],
  })
  const ending = new AbortController()
  const loops = Object.entries(clocks).map(([clock, read]) => {
    const show = (seconds: number) => gauge.set({ clock }, seconds)
    return watchClock(read, { ...watch, show, log: watch.log.child({ clock }), signal: ending.signal })
  })
  return async () => {
    ending.abort()
    await Promise.all(loops)
  }
}

interface Watch extends Omit<ClockWatch, 'clocks' | 'metrics'> {
  show: (seconds: number) => void
  signal: AbortSignal
}

async function watchClock(
  read: ReadClock,
  { log, now, intervalMs = INTERVAL_MS, unreadIntervalMs = UNREAD_INTERVAL_MS, show, signal }: Watch,
): Promise<void> {
  let known: Verdict | undefined
  while (!signal.aborted) {
    const found = await measureSkew(read, now).catch((error: unknown) => ({ error }))
    const verdict = 'error' in found ? 'unknown' : judge(found)
    // Unknown is not zero.
    show('error' in found || verdict === 'unknown' ? Number.NaN : found.skewMs / 1000)
    if (verdict !== known) report(log, verdict, found)
    known = verdict
    const pauseMs = verdict === 'unknown' ? unreadIntervalMs : intervalMs
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
  }
}

function report(log: Logger, verdict: Verdict, found: Skew | { error: unknown }): void {
  if ('error' in found) {
    log.info({ error: describeError(found.error) }, 'a clock could not be read, will be tried again')
    return
  }
  const figures = { skewSeconds: found.skewMs / 1000, uncertaintySeconds: found.uncertaintyMs / 1000 }
  switch (verdict) {
    case 'apart':
      return log.warn(figures, 'a clock differs from the clock of this host: synchronize them by NTP')
    case 'together':
      return log.info(figures, 'a clock agrees with the clock of this host')
    case 'unknown':
      return log.info(figures, 'a clock was read too slowly to compare it, will be tried again')
  }
}
