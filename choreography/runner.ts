import { setTimeout as sleep } from 'node:timers/promises'
import type { StepAnswer } from '../domain/saga/step-answer.ts'
import { inTrace } from '../tracing.ts'
import { backoffMs, pause } from '../events/backoff.ts'
import type { OnTrouble } from '../events/broker/transport.ts'
import { createAllowance, type Allowance } from './allowance.ts'
import type { Outlines } from './reactor.ts'
import type { Claimed, Reactions } from './reactions.ts'
import {
  FRESH,
  isTooLate,
  judge,
  judgeSpent,
  taskOf,
  type Outcome,
  type Policies,
  type Task,
  type Verdict,
} from './reaction.ts'

/** One attempt at a step or an undo. `tried` counts those before it. @throws an error with its class as `code`. */
export type MakeAttempt = (sagaId: string, tried: number, signal: AbortSignal) => Promise<StepAnswer>

export interface RunnerOptions {
  reactions: Reactions
  outlines: Outlines
  /** By the name of the activity. */
  attempts: Readonly<Record<string, MakeAttempt>>
  policies: Policies
  /** Attempts of one participant at once, in this process. */
  slotsOf: (participant: string) => number
  /** Attempts of one participant a second that are not the first of their reaction, in this process. */
  perSecondOf: (participant: string) => number
  /** Factor on every wait; 1 unless a test or a demonstration is in a hurry. */
  pace?: number | undefined
  onTrouble: OnTrouble
}

/** Without a word from its reactors, a process looks this often for something to do. */
const LOOK_EVERY_MS = 200

/** A claim outlasts its attempt, and what is written after it. */
const CLAIM_GRACE_MS = 4000

/** What came of an attempt is written again while the database is in trouble: after this, twice it, and so on. */
const RECORD_AGAIN_MS = 100

export interface Runner {
  /** There may be something to do. */
  readonly look: () => void
  /** Takes nothing new, and resolves when the attempts in progress have ended. */
  stop(): Promise<void>
}

/** Does what the reactors have noted: claims, makes an attempt outside any database transaction, and records what came of it. */
export function startRunner(options: RunnerOptions): Runner {
  const stopping = new AbortController()
  const inProgress = new Set<Promise<void>>()
  let looked = new AbortController()
  const look = () => looked.abort()
  // One signal at a time: those that AbortSignal.any makes of a signal that lasts are never let go.
  stopping.signal.addEventListener('abort', look)
  const done = lookUntil(stopping.signal, options, inProgress, {
    look,
    async wait() {
      await pause(LOOK_EVERY_MS, looked.signal)
      looked = new AbortController()
    },
  })
  return {
    look,
    async stop() {
      stopping.abort()
      await done
      await Promise.all(inProgress)
    },
  }
}

async function lookUntil(
  stopping: AbortSignal,
  options: RunnerOptions,
  inProgress: Set<Promise<void>>,
  { look, wait }: { look: () => void; wait: () => Promise<void> },
): Promise<void> {
  const { reactions, outlines, policies, slotsOf, perSecondOf, onTrouble } = options
  const busy = new Map<string, number>()
  const returning = new Map<string, Allowance>()
  const definitions = Object.keys(outlines)
  const claimSeconds = claimMs(policies) / 1000
  const begin = (participant: string, claimed: Claimed) => {
    busy.set(participant, (busy.get(participant) ?? 0) + 1)
    const running = react(claimed, options)
      .catch((error: unknown) => onTrouble('a reaction could not be recorded, and is done again', error))
      .finally(() => {
        busy.set(participant, (busy.get(participant) ?? 1) - 1)
        inProgress.delete(running)
        look()
      })
    inProgress.add(running)
  }
  let failures = 0
  while (!stopping.aborted) {
    try {
      for (const participant of await reactions.due()) {
        const room = slotsOf(participant) - (busy.get(participant) ?? 0)
        if (room <= 0) continue
        const allowance = returning.get(participant) ?? createAllowance(perSecondOf(participant))
        returning.set(participant, allowance)
        const claimed = await reactions.claim(
          participant,
          definitions,
          claimSeconds,
          room,
          allowance.left(performance.now()),
        )
        allowance.take(claimed.filter(({ progress }) => Object.keys(progress).length > 0).length)
        for (const one of claimed) begin(participant, one)
      }
      failures = 0
      await wait()
    } catch (error) {
      failures += 1
      onTrouble('reactions could not be looked for', error)
      await pause(backoffMs(failures), stopping)
    }
  }
}

const claimMs = ({ attemptTimeoutMs }: Policies): number => attemptTimeoutMs + CLAIM_GRACE_MS

/** One attempt at a reaction, and what came of it. */
async function react(claimed: Claimed, options: RunnerOptions): Promise<void> {
  const { outlines, policies } = options
  const task = taskOf(outlines[claimed.definition] ?? [], claimed.activity)
  if (task === undefined) throw new Error(`${claimed.definition} has no ${claimed.activity}`)
  const before = { ...FRESH, ...claimed.progress }
  const began = performance.now()
  if (isTooLate(task, before, claimed.leftMs))
    return record(claimed, task, { kind: 'turnBack', code: 'DEADLINE_EXCEEDED' }, options)
  const exhausted = judgeSpent(task, before, claimed, policies)
  if (exhausted !== undefined) return record(claimed, task, exhausted, options)
  // A process that died in the middle of an attempt has spent it.
  const outcome: Outcome = claimed.isLost
    ? { kind: 'fault', error: 'TIMEOUT' }
    : await attempt(claimed, before.spent, options)
  const leftMs = claimed.leftMs - (performance.now() - began)
  const verdict = judge(task, before, outcome, { isWoken: claimed.isWoken, leftMs }, policies)
  await recordUntil(began + claimMs(policies), () => record(claimed, task, verdict, options))
}

/**
 * Our own database in trouble costs an order nothing if it can be helped: what is not recorded while the claim lasts
 * counts as a lost attempt. To record it twice does no harm, since the first time ends the claim.
 */
async function recordUntil(claimEndsAt: number, write: () => Promise<void>): Promise<void> {
  for (let pauseMs = RECORD_AGAIN_MS; ; pauseMs *= 2) {
    try {
      return await write()
    } catch (error) {
      if (performance.now() + pauseMs > claimEndsAt) throw error
      await sleep(pauseMs)
    }
  }
}

async function attempt(
  { sagaId, activity, traceParent }: Claimed,
  tried: number,
  { attempts, policies }: RunnerOptions,
): Promise<Outcome> {
  const make = attempts[activity]
  if (make === undefined) return { kind: 'fault', error: 'NO_SUCH_ACTIVITY' }
  const giveUp = new AbortController()
  const settled = new AbortController()
  const late = sleep(policies.attemptTimeoutMs, undefined, { signal: settled.signal }).then((): Outcome => {
    giveUp.abort()
    return { kind: 'fault', error: 'TIMEOUT' }
  })
  try {
    return await Promise.race([inTrace(traceParent, () => make(sagaId, tried, giveUp.signal)), late])
  } catch (error) {
    return { kind: 'fault', error: codeOf(error) }
  } finally {
    settled.abort()
    late.catch(() => undefined)
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL'

async function record(
  claimed: Claimed,
  { step }: Task,
  verdict: Verdict,
  { reactions, pace = 1 }: RunnerOptions,
): Promise<void> {
  switch (verdict.kind) {
    case 'end':
      return reactions.end(claimed)
    case 'turnBack':
      return reactions.turnBack(claimed, { code: verdict.code, step, detail: verdict.detail })
    case 'skip':
      return reactions.skip(claimed, step, verdict.error)
    case 'defer': {
      const ms = verdict.ms * pace * (1 + Math.random() / 4)
      return reactions.defer(claimed, step, verdict.progress, ms, verdict.note)
    }
  }
}
