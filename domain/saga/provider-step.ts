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
  type FinalAnswer,
  type Finality,
  type KeyedProvider,
  type ProviderAnswer,
} from '../provider/protocol.ts'
import { stepKey, type SagaKind } from './ids.ts'
import {
  createProviderFence,
  type Conclusion,
  type ProviderFence,
  type ProviderFenceSpec,
  type Recorded,
} from './provider-fence.ts'
import { done, refusalOf, refused, unavailableOf, type StepAnswer } from './step-answer.ts'
import type { Invariant, Reach, Reconciled, Refusals, Step, StepAttempt, StepLedger } from './step.ts'

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
  /** What it is a step of: its keys begin with it. */
  readonly saga: SagaKind
  /** How the key of an activity is made, when that takes more than the saga's id. */
  readonly keyOf?: (db: Database, sagaId: string, activity: string) => Promise<string>
  readonly provider: ProviderName
  /** The provider's collection, e.g. `charges`. */
  readonly collection: string
  /** What a successful answer of the provider looks like; its other members are dropped. */
  readonly effect: z.ZodType<Effect>
  /** The field of it by which the provider calls it. */
  readonly reference: keyof Effect & string
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
    /**
     * The key was made final although the step was never done. It says what stood under the key, in the words of
     * `data`, where something did.
     */
    readonly voided: keyof Events & string
    /** Whether what was undone is what was recorded; anything is unless said otherwise. */
    readonly isAsRecorded?: (undone: Effect, recorded: Recorded) => boolean
  }
  readonly invariants?: readonly Invariant[]
  readonly ledger?: Pick<StepLedger, 'check' | 'isRight'> & Partial<Pick<StepLedger, 'collection' | 'live'>>
  readonly reconciled?: Pick<Reconciled, 'ours' | 'isMoney'>
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
      kind,
      saga,
      provider,
      collection,
      effect,
      reference,
      states,
      refusals,
      event,
      undo,
      invariants = [],
      ledger,
      reconciled,
    } = spec
    // After the pivot no saga turns back: there, only what was not asked for is undone.
    const isUndone = kind === undefined
    const ownKey: Parts['keyOf'] = async (sagaId, activity) => stepKey(saga, sagaId, activity)
    const fenceOn = (db: Database) => createProviderFence(spec, db)
    /** As `bind`, given the provider and the judge: for tests against a provider that is worse than ours. */
    const bindTo = (
      keyed: KeyedProvider<object, Effect>,
      { fence, reach, keyOf = ownKey }: Pick<Parts, 'fence' | 'reach'> & Partial<Pick<Parts, 'keyOf'>>,
    ) => {
      const parts = { spec: spec as unknown as AnySpec, keyed, fence, reach, keyOf }
      const attempts: Record<string, StepAttempt> = {
        [name]: (sagaId, attempt) => executeStep(parts, sagaId, attempt),
      }
      if (isUndone) attempts[undo.name] = (sagaId, attempt) => compensateStep(parts, sagaId, attempt)
      return attempts as Record<Name | Undo, StepAttempt>
    }
    return {
      name,
      undo: isUndone ? undo.name : undefined,
      events: { done: event, undone: [...new Set([undo.event, undo.voided])] },
      provider,
      reference,
      refusals,
      refuses: [...Object.values(refusals).map(({ code }) => code), MISMATCH.code],
      invariants,
      ledger: ledger === undefined ? undefined : { saga, collection, live: states.live, ...ledger },
      reconciled:
        reconciled === undefined ? undefined : { saga, collection, states, isUndone, ...reconciled },
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
          {
            fence: fenceOn(db),
            reach,
            keyOf: (sagaId, activity) => spec.keyOf?.(db, sagaId, activity) ?? ownKey(sagaId, activity),
          },
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
  readonly keyOf: (sagaId: string, activity: string) => Promise<string>
}

/**
 * One attempt at a provider step. An attempt whose answer was lost is found by its key and not repeated. A refusal is
 * recorded at once only by the sole attempt that ever asked; any other makes the key final first, since an effect of
 * another attempt would outlive it. One that comes after the step's undo undoes what it did itself, and fails.
 */
async function executeStep(parts: Parts, sagaId: string, attempt: Attempt): Promise<StepAnswer<never>> {
  const { spec, keyed, fence, reach } = parts
  const key = await parts.keyOf(sagaId, spec.name)
  const intent = await fence.intend(sagaId, attempt.number)
  if (intent.verdict === 'done') return done
  if (intent.verdict === 'refused') return refusalOf(intent.answer)
  if (intent.verdict === 'unavailable') return unavailableOf(intent.answer)
  if (intent.verdict === 'void') return refuse(parts, sagaId, attempt, unwantedIn(intent.answer))
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
  const { verdict, recorded } = await fence.conclude(sagaId, key, attempt.number, conclusion)
  switch (verdict) {
    case 'concluded':
      return answer.kind === 'ok' ? done : answer
    case 'already':
      return outcomeOf(parts, sagaId, attempt)
    case 'contested':
      return refuse(parts, sagaId, attempt, recorded ?? effectOf(conclusion))
    case 'late':
      await undoLate(parts, sagaId, attempt, recorded ?? effectOf(conclusion))
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
  if (spec.isAsAsked?.(effect, request) === false) return { state: 'unwanted', ...MISMATCH, effect }
  return { state: 'done', effect, event: spec.event, data: { key, ...spec.data(effect) } }
}

/** What this attempt has seen to stand at the provider. */
const effectOf = (conclusion: Conclusion): Recorded | null =>
  conclusion.state === 'refused' ? null : (conclusion.effect as Recorded)

/** What an earlier attempt has seen there, as the refusal says that it noted. */
const unwantedIn = (refusal: unknown): Recorded | null => (refusal as { effect?: Recorded }).effect ?? null

/** The provider did something else: it is undone, and no attempt under the same key could do better. */
const MISMATCH = {
  code: 'PROVIDER_MISMATCH',
  detail: 'The provider did something else than was asked of it.',
}

/** The key is final, and not by our hand: it was voided or undone at the provider itself, or before a restore. */
const FINAL_ELSEWHERE = { code: 'STEP_FAILED', detail: 'The provider says that this was undone before.' }

/**
 * Makes the key final at the provider. What is known to have stood must be undone, and undone whole: a provider that
 * says "nothing", or less, may have forgotten the key, and the money be gone for good.
 * @param known the effect that was recorded or seen; null where none was, and then there may have been nothing.
 * @throws Fault when the provider says something else than is known.
 */
async function makeFinal(
  { spec, keyed, keyOf }: Parts,
  sagaId: string,
  attempt: Attempt,
  known: Recorded | null,
): Promise<FinalAnswer<unknown>> {
  const key = await keyOf(sagaId, spec.name)
  const undoKey = await keyOf(sagaId, spec.undo.name)
  const final = await keyed.makeFinal(key, undoKey, attempt)
  if (known === null || final.kind !== 'ok') return final
  const { effect } = final
  if (effect.kind === 'undone' && spec.undo.isAsRecorded?.(effect.undone, known) !== false) return final
  throw new Fault(MISMATCH.code, `${undoKey}: what was undone is not what was recorded`)
}

/** Makes sure that nothing of the step stands at the provider, now or later, and records its refusal. */
async function refuse(
  parts: Parts,
  sagaId: string,
  attempt: Attempt,
  known: Recorded | null,
): Promise<StepAnswer<never>> {
  const { spec } = parts
  const final = await makeFinal(parts, sagaId, attempt, known)
  if (final.kind === 'unavailable' || final.kind === 'notLocal') return final
  if (final.kind === 'refused')
    throw new Fault('UNDO_REFUSED', `${spec.name} is refused, and cannot be undone: ${final.code}`)
  const stood = final.effect.kind === 'undone' ? final.effect : undefined
  const answer = await recordRefusal(parts, sagaId, attempt, stood)
  // An effect that we did not ask for is worth a line in the log, although nothing is tried again.
  const isMismatch = answer.kind === 'refused' && answer.code === MISMATCH.code
  return isMismatch ? { ...answer, fault: MISMATCH.code } : answer
}

/** @param stood what stood under the key, and was undone: nothing else would ever say so. */
async function recordRefusal(
  parts: Parts,
  sagaId: string,
  attempt: Attempt,
  stood?: { undone: unknown },
): Promise<StepAnswer<never>> {
  const { spec, fence } = parts
  const data = stood === undefined ? {} : spec.data(stood.undone)
  const said = { event: spec.undo.voided, data: { key: await parts.keyOf(sagaId, spec.name), ...data } }
  await fence.refuse(sagaId, attempt.number, FINAL_ELSEWHERE, stood === undefined ? undefined : said)
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
 * Undoes what an attempt did after its step was refused or undone, and records it where that was not done yet. No
 * caller waits for it any more, so nothing may abort it; and nothing else would undo it.
 * @throws Fault when the provider cannot be brought to it.
 */
async function undoLate(
  parts: Parts,
  sagaId: string,
  attempt: Attempt,
  known: Recorded | null,
): Promise<void> {
  const unhurried = { ...attempt, isLocal: false, signal: new AbortController().signal }
  for (let tried = 0; tried < LATE_UNDO.tries; tried += 1) {
    if (tried > 0) await sleep(LATE_UNDO.pauseMs)
    const final = await makeFinal(parts, sagaId, unhurried, known).catch(() => undefined)
    if (final?.kind === 'ok') return settleUndo(parts, sagaId, final.effect)
  }
  throw new Fault(
    'LATE_EFFECT',
    `An effect came late and could not be undone: ${await parts.keyOf(sagaId, parts.spec.name)}`,
  )
}

/** One attempt at the undo of a provider step: mark it, make its key final at the provider, record it. */
async function compensateStep(parts: Parts, sagaId: string, attempt: Attempt): Promise<StepAnswer<never>> {
  const { fence, reach } = parts
  const { undo } = parts.spec
  const { verdict, entry, recorded } = await fence.beginUndo(sagaId, attempt.number)
  if (verdict === 'settled') return done
  if (verdict === 'unavailable') return { kind: 'unavailable', why: BREAKER_OPEN }
  try {
    reach(`${undo.name}:before-call`)
    const answer = await makeFinal(parts, sagaId, attempt, recorded)
    if (answer.kind === 'ok') {
      reach(`${undo.name}:before-record`)
      await settleUndo(parts, sagaId, answer.effect)
      return done
    }
    await fence.leaveUndo(sagaId, entry)
    return answer.kind === 'refused' ? refused(answer.code, answer.detail) : answer
  } catch (error) {
    // After a while the note counts as over for everyone who finds it.
    await fence.leaveUndo(sagaId, entry).catch(() => undefined)
    throw error
  }
}

async function settleUndo(parts: Parts, sagaId: string, final: Finality<unknown>): Promise<void> {
  const { spec, fence } = parts
  const key = await parts.keyOf(sagaId, spec.name)
  await fence.settleUndo(
    sagaId,
    key,
    final.kind === 'undone'
      ? { effect: final.undone, event: spec.undo.event, data: { key, ...spec.data(final.undone) } }
      : { effect: undefined, event: spec.undo.voided, data: { key } },
  )
}
