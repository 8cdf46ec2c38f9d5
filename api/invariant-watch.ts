import { Gauge, type Registry } from 'prom-client'
import type { createInvariants } from '../domain/operations/invariants.ts'
import { pause } from '../events/backoff.ts'
import type { OnTrouble } from '../events/broker/transport.ts'
import { standForLeader } from '../events/leader.ts'

/** After a start the first result is there soon, and the orders that waited for the start come before it. */
const FIRST_AFTER_MS = 30_000

/** The pause after a run is at least so many times as long as the run: on a large database it takes 5 % of one core. */
const PAUSE_PER_RUN = 19

/** The server hangs up on a leader that is silent. */
const SIGN_OF_LIFE_MS = 2000

export interface InvariantWatch {
  /** Of PostgreSQL itself: the process that holds a session lock there checks for all processes of the API. */
  url: string
  check: ReturnType<typeof createInvariants>['check']
  metrics: Registry
  /** Between the runs, or more where they take long. */
  intervalMs: number
  onTrouble: OnTrouble
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number
}

/**
 * Checks the invariants again and again in one process of the API, and shows the result of the last complete run and its
 * age. The returned function ends that; it does not wait for a run in progress, which only reads.
 */
export function watchInvariants({
  url,
  check,
  metrics,
  intervalMs,
  onTrouble,
  now = () => performance.now(),
}: InvariantWatch): () => Promise<void> {
  const registers = [metrics]
  const broken = new Gauge({
    name: 'ordersaga_invariant_broken',
    help: '1: the check found a violation, 0: it found none. In the process that checks',
    labelNames: ['check'],
    registers,
  })
  let seenAt: number | undefined
  void new Gauge({
    name: 'ordersaga_invariants_age_seconds',
    help: 'Since the last complete run began, or since this process took over. In the process that checks',
    registers,
    collect() {
      // Another process checks: unknown is not zero.
      this.set(seenAt === undefined ? Number.NaN : (now() - seenAt) / 1000)
    },
  })
  const duration = new Gauge({
    name: 'ordersaga_invariants_run_seconds',
    help: 'How long the last complete run took. In the process that checks',
    registers,
  })
  /** @returns how long it took. A run that fails leaves the result of the one before, which grows older. */
  const run = async (isOver: AbortSignal): Promise<number> => {
    const beganAt = now()
    try {
      const { checks } = await check()
      if (isOver.aborted) return 0
      // What could not be read is neither broken nor whole.
      for (const { name, ok, isUnread } of checks)
        broken.set({ check: name }, isUnread === true ? Number.NaN : Number(!ok))
      seenAt = beganAt
      duration.set((now() - beganAt) / 1000)
    } catch (error) {
      onTrouble('the invariants could not be checked', error)
    }
    return now() - beganAt
  }
  const candidate = standForLeader({
    url,
    office: 'invariants',
    onTrouble,
    async lead(session, isOver) {
      seenAt = now()
      let dueAt: number | undefined = now() + Math.min(FIRST_AFTER_MS, intervalMs)
      try {
        while (!isOver.aborted) {
          await session.query('SELECT 1', [])
          if (dueAt !== undefined && now() >= dueAt) {
            dueAt = undefined
            void run(isOver).then((tookMs) => {
              dueAt = now() + Math.max(intervalMs, PAUSE_PER_RUN * tookMs)
            })
          }
          await pause(Math.min(SIGN_OF_LIFE_MS, intervalMs), isOver)
        }
      } finally {
        seenAt = undefined
        broken.reset()
        duration.reset()
      }
    },
  })
  return () => candidate.stop()
}
