import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import { Fault } from '../../faults.ts'
import type { Database } from '../../prisma/client.ts'
import type { ProviderName } from '../../providers.ts'
import type { ProviderRequest } from '../provider/http.ts'
import { createKeyedProvider, type ProviderStates } from '../provider/keyed.ts'
import {
  BREAKER_OPEN,
  type Attempt,
  type Finality,
  type KeyedProvider,
  type ProviderAnswer,
} from '../provider/protocol.ts'
import { stepKey } from './ids.ts'
import {
  createProviderFence,
  type Conclusion,
  type ProviderFence,
  type ProviderFenceSpec,
} from './provider-fence.ts'
import { done, refusalOf, refused, unavailableOf, type StepAnswer } from './step-answer.ts'
import type { Invariant, Reach, Refusals, Step, StepAttempt, StepLedger } from './step.ts'

/**
 * A step whose effect is at a provider, and its undo: what the participant adds to the protocol of `executeStep` and
 * `compensateStep`. `Events` are the data of its events by their type, without the key, which is added.
 */
export interface ProviderStepSpec<
  Events,
  Name extends string,
  Undo extends string,
  Effect,
  Done extends keyof Events & string,
  Undone extends keyof Events & string,
> extends ProviderFenceSpec {
  readonly name: Name
  readonly provider: ProviderName
  /** The provider's collection, e.g. `charges`. */
  readonly collection: string
  /** What a successful answer of the provider looks like; its other members are dropped. */
  readonly effect: z.ZodType<Effect>
  readonly states: ProviderStates
  /** Whether an effect is what was asked for; any is unless said otherwise. */
  readonly isAsAsked?: (effect: Effect, request: Readonly<Record<string, unknown>>) => boolean
  readonly refusals: Refusals
  readonly event: Done
  /** What the events of the step and of its undo say. */
  readonly data: (effect: Effect) => Omit<Events[Done], 'key'> & Omit<Events[Undone], 'key'>
  readonly undo: ProviderFenceSpec['undo'] & {
    readonly name: Undo
    /** The request that undoes what the key came to. */
    readonly request: (key: string) => ProviderRequest
    readonly event: Undone
    /** There was nothing to undo: the key was made final before it had an effect. */
    readonly voided: keyof Events & string
  }
  readonly invariants?: readonly Invariant[]
  readonly ledger?: Omit<StepLedger, 'collection' | 'live'>
}

type AnySpec = ProviderStepSpec<Record<string, object>, string, string, unknown, string, string>

/** Defines a step at a provider. */
export const providerStep =
  <Events extends object>() =>
  <
    const Name extends string,
    const Undo extends string,
    Effect,
    const Done extends keyof Events & string,
    const Undone extends keyof Events & string,
  >(
    spec: ProviderStepSpec<Events, Name, Undo, Effect, Done, Undone>,
  ) => {
    const {
      name,
      provider,
      collection,
      effect,
      states,
      refusals,
      event,
      undo,
      invariants = [],
      ledger,
    } = spec
    const fenceOn = (db: Database) => createProviderFence(spec, db)
    /** As `bind`, given the provider and the judge: for tests against a provider that is worse than ours. */
    const bindTo = (
      keyed: KeyedProvider<object, Effect>,
      { fence, reach }: { fence: ProviderFence; reach: Reach },
    ) => {
      const parts = { spec: spec as unknown as AnySpec, keyed, fence, reach }
      const attempts: Record<string, StepAttempt> = {
        [name]: (sagaId, attempt) => executeStep(parts, sagaId, attempt),
        [undo.name]: (sagaId, attempt) => compensateStep(parts, sagaId, attempt),
      }
      return attempts as Record<Name | Undo, StepAttempt>
    }
    return {
      name,
      undo: undo.name,
      events: { done: event, undone: [undo.event, undo.voided] },
      provider,
      refusals,
      invariants,
      ledger: ledger === undefined ? undefined : { ...ledger, collection, live: states.live },
      bindTo,
      fenceOn,
      bind: ({ providers, db, reach }) =>
        bindTo(
          createKeyedProvider({
            http: providers[provider],
            collection,
            effect,
            states,
            refusals,
            undo: undo.request,
          }),
          { fence: fenceOn(db), reach },
        ),
    } satisfies Step<Name, Undo, Events> & { bindTo: unknown; fenceOn: unknown } as Step<
      Name,
      Undo,
      Events
    > & { bindTo: typeof bindTo; fenceOn: typeof fenceOn }
  }

interface Parts {
  spec: AnySpec
  keyed: KeyedProvider<object, unknown>
  fence: ProviderFence
  reach: Reach
}

/**
 * One attempt at a provider step. An attempt whose answer was lost is found by its key and not repeated. A refusal is
 * recorded at once only by the sole attempt that ever asked; any other makes the key final first, since an effect of
 * another attempt would outlive it. One that comes after the step's undo undoes what it did itself, and fails.
 */
async function executeStep(parts: Parts, sagaId: string, attempt: Attempt): Promise<StepAnswer<never>> {
  const { spec, keyed, fence, reach } = parts
  const key = stepKey(sagaId, spec.name)
  const intent = await fence.intend(sagaId, attempt.number)
  if (intent.verdict === 'done') return done
  if (intent.verdict === 'refused') return refusalOf(intent.answer)
  if (intent.verdict === 'unavailable') return unavailableOf(intent.answer)
  if (intent.verdict === 'void') return refuse(parts, sagaId, attempt)
  reach(`${spec.name}:before-call`)
  const earlier = intent.verdict === 'resume' ? await keyed.find(key, attempt) : undefined
  const answer = earlier ?? (await keyed.create(key, intent.request, attempt))
  switch (answer.kind) {
    case 'unavailable':
    case 'notLocal':
      return answer
    case 'voided':
      return recordRefusal(parts, sagaId, attempt)
    case 'ok':
    case 'refused':
  }
  reach(`${spec.name}:before-record`)
  const conclusion = conclusionOf(spec, key, intent.request, answer)
  switch (await fence.conclude(sagaId, key, attempt.number, conclusion)) {
    case 'concluded':
      return answer.kind === 'ok' ? done : answer
    case 'already':
      return outcomeOf(parts, sagaId, attempt)
    case 'contested':
      return refuse(parts, sagaId, attempt)
    case 'late':
      await undoLate(parts, sagaId, attempt)
      return outcomeOf(parts, sagaId, attempt)
  }
}

type Decided = Extract<ProviderAnswer<unknown>, { kind: 'ok' | 'refused' }>

function conclusionOf(
  spec: AnySpec,
  key: string,
  request: Readonly<Record<string, unknown>>,
  answer: Decided,
): Conclusion {
  if (answer.kind === 'refused') return { state: 'refused', code: answer.code, detail: answer.detail }
  const { effect } = answer
  if (spec.isAsAsked?.(effect, request) === false) return { state: 'unwanted', ...MISMATCH }
  return { state: 'done', effect, event: spec.event, data: { key, ...spec.data(effect) } }
}

/** The provider did something else: it is undone, and no attempt under the same key could do better. */
const MISMATCH = {
  code: 'PROVIDER_MISMATCH',
  detail: 'The provider did something else than was asked of it.',
}

/** The key is final, and not by our hand: it was voided or undone at the provider itself, or before a restore. */
const FINAL_ELSEWHERE = { code: 'STEP_FAILED', detail: 'The provider says that this was undone before.' }

/** Makes sure that nothing of the step stands at the provider, now or later, and records its refusal. */
async function refuse(parts: Parts, sagaId: string, attempt: Attempt): Promise<StepAnswer<never>> {
  const { spec, keyed } = parts
  const final = await keyed.makeFinal(stepKey(sagaId, spec.name), stepKey(sagaId, spec.undo.name), attempt)
  if (final.kind === 'unavailable' || final.kind === 'notLocal') return final
  if (final.kind === 'refused')
    throw new Fault('UNDO_REFUSED', `${spec.name} is refused, and cannot be undone: ${final.code}`)
  const answer = await recordRefusal(parts, sagaId, attempt)
  // An effect that nobody asked for is worth a line in the log, although nothing is tried again.
  const isMismatch = answer.kind === 'refused' && answer.code === MISMATCH.code
  return isMismatch ? { ...answer, fault: MISMATCH.code } : answer
}

async function recordRefusal(parts: Parts, sagaId: string, attempt: Attempt): Promise<StepAnswer<never>> {
  await parts.fence.refuse(sagaId, attempt.number, FINAL_ELSEWHERE)
  return outcomeOf(parts, sagaId, attempt)
}

/** What the record says of a step that is settled. */
async function outcomeOf({ spec, fence }: Parts, sagaId: string, { number }: Attempt) {
  const { verdict, answer } = await fence.intend(sagaId, number)
  if (verdict === 'done') return done
  if (verdict === 'refused') return refusalOf(answer)
  throw new Error(`${spec.name} is not settled: ${verdict}`)
}

/** Tries that a late attempt makes at undoing what it did, and the pause between them. */
const LATE_UNDO = { tries: 10, pauseMs: 2000 }

/**
 * Undoes what an attempt did after its step was refused or undone, and records it where that was not done yet. No caller
 * waits for it any more, so nothing may abort it; and nothing else would undo it.
 * @throws Fault when the provider cannot be brought to it.
 */
async function undoLate(parts: Parts, sagaId: string, attempt: Attempt): Promise<void> {
  const { spec, keyed } = parts
  const key = stepKey(sagaId, spec.name)
  const unhurried = { ...attempt, isLocal: false, signal: new AbortController().signal }
  for (let tried = 0; tried < LATE_UNDO.tries; tried += 1) {
    if (tried > 0) await sleep(LATE_UNDO.pauseMs)
    const final = await keyed
      .makeFinal(key, stepKey(sagaId, spec.undo.name), unhurried)
      .catch(() => undefined)
    if (final?.kind === 'ok') return settleUndo(parts, sagaId, final.effect)
  }
  throw new Fault('LATE_EFFECT', `${spec.name} came late and could not be undone: ${key}`)
}

/** One attempt at the undo of a provider step: mark it, make its key final at the provider, record it. */
async function compensateStep(parts: Parts, sagaId: string, attempt: Attempt): Promise<StepAnswer<never>> {
  const { spec, keyed, fence, reach } = parts
  const { name, undo } = spec
  const { verdict, entry } = await fence.beginUndo(sagaId, attempt.number)
  if (verdict === 'settled') return done
  if (verdict === 'unavailable') return { kind: 'unavailable', why: BREAKER_OPEN }
  try {
    reach(`${undo.name}:before-call`)
    const answer = await keyed.makeFinal(stepKey(sagaId, name), stepKey(sagaId, undo.name), attempt)
    if (answer.kind === 'ok') {
      reach(`${undo.name}:before-record`)
      await settleUndo(parts, sagaId, answer.effect)
      return done
    }
    await fence.leaveUndo(sagaId, entry)
    return answer.kind === 'refused' ? refused(answer.code, answer.detail) : answer
  } catch (error) {
    // Whoever finds the note counts it as over after a while.
    await fence.leaveUndo(sagaId, entry).catch(() => undefined)
    throw error
  }
}

async function settleUndo({ spec, fence }: Parts, sagaId: string, final: Finality<unknown>): Promise<void> {
  const key = stepKey(sagaId, spec.name)
  await fence.settleUndo(
    sagaId,
    key,
    final.kind === 'undone'
      ? { effect: final.undone, event: spec.undo.event, data: { key, ...spec.data(final.undone) } }
      : { effect: undefined, event: spec.undo.voided, data: {} },
  )
}
