import { useEffect, useSyncExternalStore } from 'react'

/** Twenty-four hours, as in logs: milliseconds follow the seconds, and 12 at night is not 12 at noon. */
const EXACT = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium',
  timeStyle: 'medium',
  hourCycle: 'h23',
})
export const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'narrow' })

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** E.g. `3m ago`, `in 2h`. @param at RFC 3339. @param now milliseconds since the epoch. */
export function relativeTime(at: string, now: number): string {
  const seconds = Math.round((Date.parse(at) - now) / 1000)
  const [unit, size] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? ['second', 1]
  return RELATIVE.format(Math.trunc(seconds / size), unit)
}

/** E.g. `1h 04m`, `12s`; never below zero. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m ${String(seconds % 60).padStart(2, '0')}s`
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, '0')}m`
}

/** E.g. `85 ms`, `1.4 s`, `2m 05s`. */
export const span = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms)

const listeners = new Set<() => void>()
let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined

function watchClock(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const each of listeners) each()
  }, 1000)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
  }
}

/** The time of the page, which moves once a second for all that show it. */
export function useNow(): number {
  const shown = useSyncExternalStore(watchClock, () => now)
  // A page that showed no time for a while has an old one.
  useEffect(() => {
    now = Date.now()
  }, [])
  return shown
}

/** How long ago, with the exact time on hover and for screen readers. */
export function Time({ at }: { at: string }) {
  return (
    <time className="time" dateTime={at} title={`${EXACT.format(new Date(at))} · ${at}`}>
      {relativeTime(at, useNow())}
    </time>
  )
}

/** The time of day, to the millisecond. */
export const Clock = ({ at }: { at: string }) => (
  <time className="clock" dateTime={at} title={`${EXACT.format(new Date(at))} · ${at}`}>
    {CLOCK.format(new Date(at))}
    <span className="clock-ms">.{at.slice(20, 23).padEnd(3, '0')}</span>
  </time>
)
