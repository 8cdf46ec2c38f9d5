import { z } from 'zod'
import { Fault } from '../../faults.ts'
import type { ProviderHttp, ProviderRequest, ProviderResponse } from './http.ts'
import type { Attempt, Finality, KeyedProvider, ProviderAnswer } from './protocol.ts'

export interface KeyedProviderOptions<Effect> {
  http: ProviderHttp
  /** The collection, e.g. `charges`: POST to it creates, GET and PUT …/void below it go by key. */
  collection: string
  effect: z.ZodType<Effect>
  /** The provider's words for an effect that stands, and for one that is undone. */
  states: { live: string; undone: string }
  /** The provider's codes for a refusal, and ours. Its text goes no further. */
  refusals: Record<string, { code: string; detail: string }>
  /** The request that undoes an effect. */
  undo(key: string): ProviderRequest
}

const problem = z.object({ code: z.string().max(100) })
const stated = z.object({ state: z.string().max(100) })

/** What every provider calls a key that was made final before it had an effect. */
const VOIDED = 'voided'

/** @returns a client whose calls throw Fault for everything that is neither an effect nor a refusal. */
export function createKeyedProvider<Request, Effect>(
  options: KeyedProviderOptions<Effect>,
): KeyedProvider<Request, Effect> {
  const { http, collection } = options
  const pathOf = (key: string) => `/${collection}/${encodeURIComponent(key)}`

  /**
   * A provider that cannot even be asked is waited for, until the deadline: asking changes nothing, so no attempt is
   * spent on it. A void has no deadline; its faults are spent, so that one that never works is parked in sight.
   */
  const ask = async (key: string, attempt: Attempt): Promise<ProviderAnswer<ProviderResponse>> => {
    try {
      return await http({ method: 'GET', path: pathOf(key) }, attempt)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      return {
        kind: 'unavailable',
        ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
      }
    }
  }

  /** A success counts for what its body says: the effect, and the state that it is in. */
  const read = ({ status, body }: ProviderResponse): { effect: Effect; state: string } => {
    const [effect, state] = [options.effect.safeParse(body), stated.safeParse(body)]
    if (effect.success && state.success) return { effect: effect.data, state: state.data.state }
    throw new Fault('PROVIDER_UNEXPECTED', `${collection}: unexpected answer ${status}`)
  }

  const asEffect = (response: ProviderResponse): ProviderAnswer<Effect> => {
    if (!isSuccess(response)) return asRefusal(response)
    const { effect, state } = read(response)
    if (state === options.states.live) return { kind: 'ok', effect }
    // A saga that was restored from a backup finds what it undid before: that is not alive.
    if (state === options.states.undone) return { kind: 'voided' }
    throw new Fault('PROVIDER_MISMATCH', `${collection}: an effect that neither stands nor is undone`)
  }

  const asRefusal = (response: ProviderResponse): ProviderAnswer<never> => {
    const code = codeOf(response)
    if (code === 'VOIDED') return { kind: 'voided' }
    const refusal = options.refusals[code ?? '']
    if (refusal !== undefined) return { kind: 'refused', ...refusal }
    // Also a key that is in use: an earlier attempt is still at it, which is no answer.
    throw new Fault('PROVIDER_UNEXPECTED', `${collection}: unexpected answer ${response.status}`)
  }

  /** What a key came to that is final: voided, or undone now or by an attempt before this one. */
  const finality = (response: ProviderResponse): Finality<Effect> => {
    if (stated.safeParse(response.body).data?.state === VOIDED) return { kind: 'nothing' }
    const { effect, state } = read(response)
    if (state === options.states.undone) return { kind: 'undone', undone: effect }
    throw new Fault('PROVIDER_MISMATCH', `${collection}: an effect that still stands after its undo`)
  }

  return {
    async create(key, request, attempt) {
      const answer = await http(
        { method: 'POST', path: `/${collection}`, idempotencyKey: key, body: request },
        attempt,
      )
      return answer.kind === 'ok' ? asEffect(answer.effect) : answer
    },
    async find(key, attempt) {
      const answer = await ask(key, attempt)
      if (answer.kind !== 'ok') return answer
      return answer.effect.status === 404 ? undefined : asEffect(answer.effect)
    },
    async makeFinal(key, undoKey, attempt) {
      const voided = await http({ method: 'PUT', path: `${pathOf(key)}/void` }, attempt)
      if (voided.kind !== 'ok') return voided
      if (isSuccess(voided.effect)) return { kind: 'ok', effect: finality(voided.effect) }
      if (codeOf(voided.effect) !== 'NOT_VOIDABLE') {
        throw new Fault(
          'PROVIDER_UNEXPECTED',
          `${collection}: a void was answered with ${voided.effect.status}`,
        )
      }
      const answer = await http({ ...options.undo(key), idempotencyKey: undoKey }, attempt)
      if (answer.kind !== 'ok') return answer
      return isSuccess(answer.effect)
        ? { kind: 'ok', effect: finality(answer.effect) }
        : asRefusal(answer.effect)
    },
  }
}

const isSuccess = ({ status }: ProviderResponse) => status >= 200 && status < 300

function codeOf({ body }: ProviderResponse): string | undefined {
  const parsed = problem.safeParse(body)
  return parsed.success ? parsed.data.code : undefined
}
