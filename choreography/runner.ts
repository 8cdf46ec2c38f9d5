import { setTimeout as sleep } from 'node:timers/promises'
import type { StepAnswer } from '../domain/saga/step-answer.ts'
import { inTrace } from '../tracing.ts'
import { backoffMs, pause } from '../events/backoff.ts'
import type { OnTrouble } from '../events/broker/transport.ts'
import { createAllowance } from './allowance.ts'
import { participantsOf, type Outlines } from './reactor.ts'
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

/**
 * Without a word from its reactors, a process looks this often for something to do: while it has something in progress or
 * put off, and while it has nothing.
 */
const LOOK_EVERY_MS = 200
const IDLE_LOOK_EVERY_MS = 1000

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
    async wait(ms) {
      await pause(ms, looked.signal)
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
  { look, wait }: { look: () => void; wait: (ms: number) => Promise<void> },
): Promise<void> {
  const { reactions, outlines, policies, slotsOf, perSecondOf, onTrouble } = options
  const participants = participantsOf(outlines)
  const busy = new Map<string, number>()
  /** Participants of which there may be more than there was room for. */
  const full = new Set<string>()
  const returning = new Map(
    participants.map((participant) => [participant, createAllowance(perSecondOf(participant))]),
  )
  /** The last of what was put off here is due then, by the clock of this process. */
  let putOffUntil = 0
  const definitions = Object.keys(outlines)
  const claimSeconds = claimMs(policies) / 1000
  const roomOf = (participant: string) => slotsOf(participant) - (busy.get(participant) ?? 0)
  const begin = (claimed: Claimed) => {
    const { participant } = claimed
    busy.set(participant, (busy.get(participant) ?? 0) + 1)
    const running = react(claimed, options)
      .then((deferredMs) => {
        putOffUntil = Math.max(putOffUntil, performance.now() + deferredMs + LOOK_EVERY_MS)
      })
      .catch((error: unknown) => onTrouble('a reaction could not be recorded, and is done again', error))
      .finally(() => {
        busy.set(participant, (busy.get(participant) ?? 1) - 1)
        inProgress.delete(running)
        if (full.has(participant)) look()
      })
    inProgress.add(running)
  }
  let failures = 0
  while (!stopping.aborted) {
    try {
      const rooms = participants.map((participant) => ({
        participant,
        limit: roomOf(participant),
        again: returning.get(participant)?.left(performance.now()) ?? 0,
      }))
      const claimed = await reactions.claim(
        rooms.filter(({ limit }) => limit > 0),
        definitions,
        claimSeconds,
      )
      for (const { participant, limit } of rooms) {
        const taken = claimed.filter((one) => one.participant === participant)
        if (taken.length >= limit) full.add(participant)
        else full.delete(participant)
        returning
          .get(participant)
          ?.take(taken.filter(({ progress }) => Object.keys(progress).length > 0).length)
      }
      for (const one of claimed) begin(one)
      failures = 0
      // A place became free while it looked.
      if (rooms.some(({ participant }) => full.has(participant) && roomOf(participant) > 0)) look()
      const isActive = inProgress.size > 0 || performance.now() < putOffUntil
      await wait(isActive ? LOOK_EVERY_MS : IDLE_LOOK_EVERY_MS)
    } catch (error) {
      failures += 1
      onTrouble('reactions could not be looked for', error)
      await pause(backoffMs(failures), stopping)
    }
  }
}

const claimMs = ({ attemptTimeoutMs }: Policies): number => attemptTimeoutMs + CLAIM_GRACE_MS

/** One attempt at a reaction, and what came of it. @returns for how many milliseconds it is put off; 0 when it has ended. */
async function react(claimed: Claimed, options: RunnerOptions): Promise<number> {
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
  return recordUntil(began + claimMs(policies), () => record(claimed, task, verdict, options))
}

/**
 * Our own database in trouble costs an order nothing if it can be helped: what is not recorded while the claim lasts
 * counts as a lost attempt. To record it twice does no harm, since the first time ends the claim.
 */
async function recordUntil<T>(claimEndsAt: number, write: () => Promise<T>): Promise<T> {
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
): Promise<number> {
  switch (verdict.kind) {
    case 'end':
      await reactions.end(claimed)
      return 0
    case 'turnBack':
      await reactions.turnBack(claimed, { code: verdict.code, step, detail: verdict.detail })
      return 0
    case 'skip':
      await reactions.skip(claimed, step, verdict.error)
      return 0
    case 'defer': {
      const ms = verdict.ms * pace * (1 + Math.random() / 4)
      await reactions.defer(claimed, step, verdict.progress, ms, verdict.note)
      return ms
    }
  }
}
