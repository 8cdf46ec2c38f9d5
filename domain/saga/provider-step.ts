import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import { Fault } from '../../faults.ts'
import type { Database } from '../../prisma/client.ts'
import type { ProviderName } from '../../providers.ts'
import type { ProviderRequest } from '../provider/http.ts'
import { createKeyedProvider } from '../provider/keyed.ts'
import type { Attempt, KeyedProvider, ProviderAnswer } from '../provider/protocol.ts'
import { stepKey } from './ids.ts'
import { createProviderFence, type ProviderFence, type ProviderFenceSpec } from './provider-fence.ts'
import { answerOf, done, refusalOf, refused, type StepAnswer } from './step-answer.ts'
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
  /** The provider's words for an effect that stands, and for one that is undone. */
  readonly states: { live: string; undone: string }
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
    /** As `bind`, given what speaks to the provider: for tests against one that is worse than ours. */
    const bindTo = (keyed: KeyedProvider<object, Effect>, { db, reach }: { db: Database; reach: Reach }) => {
      const parts = { spec: spec as unknown as AnySpec, keyed, fence: createProviderFence(spec, db), reach }
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
      bind: ({ providers, ...ports }) =>
        bindTo(
          createKeyedProvider({
            http: providers[provider],
            collection,
            effect,
            states,
            refusals,
            undo: undo.request,
          }),
          ports,
        ),
    } satisfies Step<Name, Undo, Events> & { bindTo: unknown } as Step<Name, Undo, Events> & {
      bindTo: typeof bindTo
    }
  }

interface Parts {
  spec: AnySpec
  keyed: KeyedProvider<object, unknown>
  fence: ProviderFence
  reach: Reach
}

/**
 * One attempt at a provider step. An attempt whose answer was lost is found by its key and not repeated; one that
 * comes after the step's undo undoes what it did itself, and fails.
 */
async function executeStep(parts: Parts, sagaId: string, attempt: Attempt): Promise<StepAnswer<never>> {
  const { spec, keyed, fence, reach } = parts
  const key = stepKey(sagaId, spec.name)
  const undoKey = stepKey(sagaId, spec.undo.name)
  const intent = await fence.intend(sagaId, attempt.number)
  if (intent.verdict === 'done') return done
  if (intent.verdict === 'refused') return refusalOf(intent.answer)
  reach(`${spec.name}:before-call`)
  const earlier = intent.verdict === 'resume' ? await keyed.find(key, attempt) : undefined
  const answer = earlier ?? (await keyed.create(key, intent.request, attempt))
  if (answer.kind === 'unavailable' || answer.kind === 'notLocal') return answer
  const isWrong = answer.kind === 'ok' && spec.isAsAsked?.(answer.effect, intent.request) === false
  if (isWrong || (answer.kind === 'refused' && intent.verdict === 'resume')) {
    // An effect that is not what was asked for stands, or a request of an earlier attempt may still be under way: once
    // a refusal is recorded, nothing would undo either.
    const final = await keyed.makeFinal(key, undoKey, attempt)
    if (final.kind === 'unavailable' || final.kind === 'notLocal') return final
    if (isWrong && final.kind === 'refused')
      throw new Fault('PROVIDER_MISMATCH', `${spec.name}: ${MISMATCH.detail}`)
  }
  const outcome = isWrong ? MISMATCH : answer
  reach(`${spec.name}:before-record`)
  const verdict = outcome.kind === 'voided' ? 'late' : await conclude(parts, sagaId, key, attempt, outcome)
  if (verdict === 'late') {
    await undoLate(parts, key, undoKey, attempt)
    return refused('STEP_UNDONE')
  }
  if (verdict === 'already') return answerOf(await fence.intend(sagaId, attempt.number))
  return outcome.kind === 'refused' ? outcome : done
}

/** The provider did something else, and it was undone: no attempt under the same key could do better. */
const MISMATCH = {
  kind: 'refused',
  code: 'PROVIDER_MISMATCH',
  detail: 'The provider did something else than was asked of it.',
  fault: 'PROVIDER_MISMATCH',
} as const

function conclude(
  { spec, fence }: Parts,
  sagaId: string,
  key: string,
  { number }: Attempt,
  answer: Extract<ProviderAnswer<unknown>, { kind: 'ok' | 'refused' }>,
) {
  if (answer.kind === 'refused')
    return fence.conclude(sagaId, key, number, { state: 'refused', code: answer.code, detail: answer.detail })
  const { effect } = answer
  const data = { key, ...spec.data(effect) }
  return fence.conclude(sagaId, key, number, { state: 'done', effect, event: spec.event, data })
}

/** Tries that a late attempt makes at undoing what it did, and the pause between them. */
const LATE_UNDO = { tries: 10, pauseMs: 2000 }

/**
 * Undoes what an attempt did after its step was refused or undone. No caller waits for it any more, so nothing may abort
 * it; and nothing else would undo it.
 * @throws Fault when the provider cannot be brought to it.
 */
async function undoLate(
  { spec, keyed }: Parts,
  key: string,
  undoKey: string,
  attempt: Attempt,
): Promise<void> {
  const unhurried = { ...attempt, isLocal: false, signal: new AbortController().signal }
  for (let tried = 0; tried < LATE_UNDO.tries; tried += 1) {
    if (tried > 0) await sleep(LATE_UNDO.pauseMs)
    const final = await keyed.makeFinal(key, undoKey, unhurried).catch(() => undefined)
    if (final?.kind === 'ok') return
  }
  throw new Fault('LATE_EFFECT', `${spec.name} came late and could not be undone: ${key}`)
}

/** One attempt at the undo of a provider step: mark it, make its key final at the provider, record it. */
async function compensateStep(
  { spec, keyed, fence, reach }: Parts,
  sagaId: string,
  attempt: Attempt,
): Promise<StepAnswer<never>> {
  const { name, undo } = spec
  const key = stepKey(sagaId, name)
  if ((await fence.enterUndo(sagaId, attempt.number)) === 'settled') return done
  reach(`${undo.name}:before-call`)
  const answer = await keyed.makeFinal(key, stepKey(sagaId, undo.name), attempt)
  if (answer.kind === 'unavailable' || answer.kind === 'notLocal') return answer
  if (answer.kind === 'refused') return refused(answer.code, answer.detail)
  reach(`${undo.name}:before-record`)
  const undone =
    answer.kind === 'ok' && answer.effect.kind === 'undone'
      ? { effect: answer.effect.undone, event: undo.event, data: { key, ...spec.data(answer.effect.undone) } }
      : { effect: undefined, event: undo.voided, data: {} }
  await fence.settleUndo(sagaId, key, undone)
  return done
}
