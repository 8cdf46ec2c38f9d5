import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../errors.ts'
import type { KeyedProvider } from '../provider/keyed.ts'
import { answerOf, done, refusalOf, refused, single, type StepAnswer, type StepRow } from './step-answer.ts'

/** One attempt at a step. */
export interface Attempt {
  /** From 1; the local attempt is the first. */
  number: number
  isLocal: boolean
  /** Aborts when the attempt is given up. */
  signal: AbortSignal
}

/** Called at the named points of a step, as `step:point`; tests kill or freeze the process there. */
export type Reach = (point: string) => void

/** What a provider says about a key. A fault is thrown. */
export type ProviderAnswer<Effect> =
  | { kind: 'ok'; effect: Effect }
  | { kind: 'refused'; code: string; detail: string }
  | { kind: 'unavailable'; retryAfterMs?: number }
  | { kind: 'notLocal' }
  /** The key was made final by an undo. */
  | { kind: 'voided' }

/** What making a key final came to: there was nothing to undo, or it is undone now. */
export type Finality<Effect> = { kind: 'nothing' } | { kind: 'undone'; undone: Effect }

/** The answer of a provider, on its way to the fence. */
export type Outcome<Effect> =
  | { state: 'done'; effect: Effect }
  | { state: 'refused'; code: string; detail: string }

/** 'already': another attempt came first. 'late': the step was undone meanwhile. */
export type ConcludeVerdict = 'concluded' | 'already' | 'late'

/**
 * A step whose effect is at a provider, and its undo: what the participant adds to the protocol. Each statement is
 * one database transaction, around the function of prisma/functions that it names.
 */
export interface ProviderStep<Intent extends StepRow, Request, Effect> {
  name: string
  undoName: string
  provider: KeyedProvider<Request, Effect>
  /** Takes or reads the intent (`step_intend`), and reads what the request is made of. */
  intend(sagaId: string, attemptNumber: number): Promise<Intent[]>
  request(intent: Intent): Request
  /** Records the provider's answer (`step_conclude`). */
  conclude(
    sagaId: string,
    key: string,
    attemptNumber: number,
    outcome: Outcome<Effect>,
  ): Promise<{ verdict: ConcludeVerdict }[]>
  /** Marks the step as being undone (`undo_enter`). */
  enterUndo(sagaId: string, attemptNumber: number): Promise<{ verdict: 'undo' | 'settled' }[]>
  /** Records that it is undone (`undo_settle`). */
  settleUndo(sagaId: string, key: string, finality: Finality<Effect>): Promise<unknown>
}

/** Derived from the saga, never from a run or a clock: whoever tries again finds what was tried before. */
const keyOf = (sagaId: string, activity: string) => `order:${sagaId}:${activity}`

/**
 * One attempt at a provider step. An attempt whose answer was lost is found by its key and not repeated; one that
 * comes after the step's undo undoes what it did itself, and fails.
 */
export async function attemptStep<Intent extends StepRow, Request, Effect>(
  step: ProviderStep<Intent, Request, Effect>,
  sagaId: string,
  attempt: Attempt,
  reach: Reach,
): Promise<StepAnswer<never>> {
  const key = keyOf(sagaId, step.name)
  const undoKey = keyOf(sagaId, step.undoName)
  const intent = single(await step.intend(sagaId, attempt.number))
  if (intent.verdict === 'done') return done
  if (intent.verdict === 'refused') return refusalOf(intent.answer)
  reach(`${step.name}:before-call`)
  const earlier = intent.verdict === 'resume' ? await step.provider.find(key, attempt) : undefined
  const answer = earlier ?? (await step.provider.create(key, step.request(intent), attempt))
  if (answer.kind === 'unavailable' || answer.kind === 'notLocal') return answer
  if (answer.kind === 'refused' && intent.verdict === 'resume') {
    // A request of an earlier attempt may still be under way: once a refusal is recorded, nobody would undo it.
    const final = await step.provider.makeFinal(key, undoKey, attempt)
    if (final.kind === 'unavailable' || final.kind === 'notLocal') return final
  }
  reach(`${step.name}:before-record`)
  const verdict = answer.kind === 'voided' ? 'late' : await conclude(step, sagaId, key, attempt, answer)
  if (verdict === 'late') {
    await undoLate(step, key, undoKey, attempt)
    return refused('STEP_UNDONE')
  }
  if (verdict === 'already') return answerOf(single(await step.intend(sagaId, attempt.number)))
  return answer.kind === 'refused' ? refused(answer.code, answer.detail) : done
}

/** Tries that a late attempt makes at undoing what it did, and the pause between them. */
const LATE_UNDO = { tries: 10, pauseMs: 2000 }

/**
 * Undoes what an attempt did after its step was refused or undone. Nobody waits for it any more: nobody may abort it,
 * and nobody else would do it.
 * @throws Fault when the provider cannot be brought to it.
 */
async function undoLate<Intent extends StepRow, Request, Effect>(
  { name, provider }: ProviderStep<Intent, Request, Effect>,
  key: string,
  undoKey: string,
  attempt: Attempt,
): Promise<void> {
  const unhurried = { ...attempt, isLocal: false, signal: new AbortController().signal }
  for (let tried = 0; tried < LATE_UNDO.tries; tried += 1) {
    if (tried > 0) await sleep(LATE_UNDO.pauseMs)
    const final = await provider.makeFinal(key, undoKey, unhurried).catch(() => undefined)
    if (final?.kind === 'ok') return
  }
  throw new Fault('LATE_EFFECT', `${name} came late and could not be undone: ${key}`)
}

async function conclude<Intent extends StepRow, Request, Effect>(
  step: ProviderStep<Intent, Request, Effect>,
  sagaId: string,
  key: string,
  attempt: Attempt,
  answer: Extract<ProviderAnswer<Effect>, { kind: 'ok' | 'refused' }>,
): Promise<ConcludeVerdict> {
  const outcome: Outcome<Effect> =
    answer.kind === 'ok'
      ? { state: 'done', effect: answer.effect }
      : { state: 'refused', code: answer.code, detail: answer.detail }
  return single(await step.conclude(sagaId, key, attempt.number, outcome)).verdict
}

/** One attempt at the undo of a provider step: mark it, make its key final at the provider, record it. */
export async function attemptUndo<Intent extends StepRow, Request, Effect>(
  step: ProviderStep<Intent, Request, Effect>,
  sagaId: string,
  attempt: Attempt,
  reach: Reach,
): Promise<StepAnswer<never>> {
  const key = keyOf(sagaId, step.name)
  const { verdict } = single(await step.enterUndo(sagaId, attempt.number))
  if (verdict === 'settled') return done
  reach(`${step.undoName}:before-call`)
  const answer = await step.provider.makeFinal(key, keyOf(sagaId, step.undoName), attempt)
  if (answer.kind === 'unavailable' || answer.kind === 'notLocal') return answer
  if (answer.kind === 'refused') return refused(answer.code, answer.detail)
  reach(`${step.undoName}:before-record`)
  await step.settleUndo(sagaId, key, answer.kind === 'ok' ? answer.effect : { kind: 'nothing' })
  return done
}
