import { z } from 'zod'
import { Fault } from '../../faults.ts'
import { PROVIDER_DENIED, type ProviderHttp, type ProviderRequest, type ProviderResponse } from './http.ts'
import {
  PENDING,
  type FinalAnswer,
  type KeyedProvider,
  type ProviderAnswer,
  type Unavailable,
} from './protocol.ts'

export interface KeyedProviderOptions<Effect> {
  http: ProviderHttp
  /** The collection, e.g. `charges`: POST to it creates, GET and PUT …/void below it go by key. */
  collection: string
  effect: z.ZodType<Effect>
  states: ProviderStates
  /** The provider's codes for a refusal, and ours. Its text goes no further. */
  refusals: Record<string, { code: string; detail: string }>
  /** The request that undoes an effect. */
  undo(key: string): ProviderRequest
}

/** The provider's words for the states of an effect. */
export interface ProviderStates {
  /** It stands. */
  readonly live: string
  readonly undone: string
  /** Taken, and not decided yet, where the provider does that. */
  readonly pending?: string
}

const problem = z.object({ code: z.string().max(100) })
const stated = z.object({ state: z.string().max(100) })

/** What every provider calls a key that was made final before it had an effect. */
export const VOIDED = 'voided'

/** @returns a client whose calls throw Fault for what is neither an effect nor a refusal, nor to be waited for. */
export function createKeyedProvider<Request, Effect>(
  options: KeyedProviderOptions<Effect>,
): KeyedProvider<Request, Effect> {
  const { http, collection } = options
  const pathOf = (key: string) => `/${collection}/${encodeURIComponent(key)}`

  const unexpected = (what: string, { status }: ProviderResponse): Fault =>
    new Fault('PROVIDER_UNEXPECTED', `${collection}: ${what} was answered with ${status}`)

  /** A success counts for what its body says: the effect, and the state that it is in. */
  const read = (response: ProviderResponse): { effect: Effect; state: string } => {
    const [effect, state] = [options.effect.safeParse(response.body), stated.safeParse(response.body)]
    if (effect.success && state.success) return { effect: effect.data, state: state.data.state }
    throw unexpected('a request', response)
  }

  const asEffect = (response: ProviderResponse): ProviderAnswer<Effect> => {
    if (!isSuccess(response)) return asRefusal(response)
    const { effect, state } = read(response)
    if (state === options.states.live) return { kind: 'ok', effect }
    // A saga that was restored from a backup finds what it undid before: that is not alive.
    if (state === options.states.undone) return { kind: 'voided' }
    if (state === options.states.pending) return { kind: 'unavailable', why: PENDING }
    throw new Fault('PROVIDER_MISMATCH', `${collection}: an effect that neither stands nor is undone`)
  }

  /**
   * Only a refusal of this very request is one. Anything else that is wrong is wrong with us, or not decided yet (a key
   * that an earlier attempt is still at): it is logged, and waited for.
   */
  const asRefusal = (response: ProviderResponse): Exclude<ProviderAnswer<never>, { kind: 'ok' }> => {
    const code = codeOf(response)
    if (code === 'VOIDED') return { kind: 'voided' }
    const refusal = options.refusals[code ?? '']
    return refusal === undefined
      ? { kind: 'unavailable', fault: 'PROVIDER_UNEXPECTED' }
      : { kind: 'refused', ...refusal }
  }

  /** What a key came to: voided, or undone now or by an attempt before this one. */
  const asFinality = (response: ProviderResponse): FinalAnswer<Effect> => {
    if (!isSuccess(response)) {
      const refusal = asRefusal(response)
      return refusal.kind === 'voided' ? { kind: 'ok', effect: { kind: 'nothing' } } : refusal
    }
    const final = stated.safeParse(response.body).data?.state
    if (final === VOIDED) return { kind: 'ok', effect: { kind: 'nothing' } }
    const { effect, state } = read(response)
    if (state === options.states.undone) return { kind: 'ok', effect: { kind: 'undone', undone: effect } }
    if (state === options.states.pending) return { kind: 'unavailable', why: PENDING }
    throw new Fault('PROVIDER_MISMATCH', `${collection}: an effect that still stands after its undo`)
  }

  /** Credentials that are not taken are ours to mend: that is waited for. */
  const send: ProviderHttp = async (request, attempt) => {
    try {
      return await http(request, attempt)
    } catch (error) {
      if (error instanceof Fault && error.code === PROVIDER_DENIED) return asWaiting(error)
      throw error
    }
  }

  return {
    async create(key, request, attempt) {
      const answer = await send(
        { method: 'POST', path: `/${collection}`, idempotencyKey: key, body: request },
        attempt,
      )
      return answer.kind === 'ok' ? asEffect(answer.effect) : answer
    },
    async find(key, attempt) {
      try {
        const answer = await send({ method: 'GET', path: pathOf(key) }, attempt)
        if (answer.kind !== 'ok') return answer
        return codeOf(answer.effect) === 'UNKNOWN_KEY' ? undefined : asEffect(answer.effect)
      } catch (error) {
        // Asking changes nothing: a provider that cannot even be asked is waited for, and no attempt is spent on it.
        if (error instanceof Fault && error.code !== 'PROVIDER_MISMATCH') return asWaiting(error)
        throw error
      }
    },
    async makeFinal(key, undoKey, attempt) {
      const voided = await send({ method: 'PUT', path: `${pathOf(key)}/void` }, attempt)
      if (voided.kind !== 'ok') return voided
      if (codeOf(voided.effect) !== 'NOT_VOIDABLE') return asFinality(voided.effect)
      const answer = await send({ ...options.undo(key), idempotencyKey: undoKey }, attempt)
      return answer.kind === 'ok' ? asFinality(answer.effect) : answer
    },
  }
}

const asWaiting = ({ code: fault, retryAfterMs }: Fault): Unavailable => ({
  kind: 'unavailable',
  fault,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
})

const isSuccess = ({ status }: ProviderResponse) => status >= 200 && status < 300

function codeOf({ body }: ProviderResponse): string | undefined {
  const parsed = problem.safeParse(body)
  return parsed.success ? parsed.data.code : undefined
}
