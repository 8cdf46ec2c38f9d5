import { percentiles, spreadOf, type Spread } from '../instruments/figures.ts'

/** One contestant in one scenario, once. */
export interface Measurement {
  ordersPerSecond: number
  p50Ms: number
  p99Ms: number
  /** How long an order locks its stock row. */
  lockMs: number
  lockSamples: number
  /** Waits for a participant's disk that an order asks for, and flushes that all of them have led to. */
  forcedWrites: number
  walFlushes: number
  /** Flushes of the coordinator's own log for each order. */
  logFlushes: number
}

export function measurementOf(
  load: {
    orders: number
    elapsedMs: number
    latenciesMs: readonly number[]
    participantFlushes: number
    logFlushes: number
  },
  seen: { lockedRows: number; samples: number; walFlushes: number },
): Measurement {
  const { orders, elapsedMs, latenciesMs } = load
  const { p50, p99 } = percentiles(latenciesMs)
  return {
    ordersPerSecond: (orders * 1000) / elapsedMs,
    p50Ms: p50,
    p99Ms: p99,
    lockMs: (seen.lockedRows * elapsedMs) / orders,
    lockSamples: seen.samples,
    forcedWrites: load.participantFlushes / orders,
    walFlushes: seen.walFlushes / orders,
    logFlushes: load.logFlushes / orders,
  }
}

/** A figure of one contestant over all its measurements. */
export const figure = (measurements: readonly Measurement[], of: keyof Measurement): Spread =>
  spreadOf(measurements.map((measurement) => measurement[of]))

/** Contestants are compared where they were measured beside each other, and the ratios are summed up. */
export const ratio = (
  measurements: readonly Measurement[],
  base: readonly Measurement[],
  of: keyof Measurement,
): Spread => spreadOf(measurements.map((measurement, n) => measurement[of] / (base[n]?.[of] ?? Number.NaN)))
