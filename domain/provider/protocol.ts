/** One attempt at a step, which a call to a provider belongs to. */
export interface Attempt {
  /** From 1; the local attempt is the first. */
  number: number
  isLocal: boolean
  /** Aborts when the attempt is given up. */
  signal: AbortSignal
}

/** Not now: nothing is known of the effect, and it is asked for again. */
export interface Unavailable {
  kind: 'unavailable'
  retryAfterMs?: number
  /** What is waited for, as a class that may be shown: `PENDING`, `BREAKER_OPEN`. */
  why?: string
  /** The class of the fault behind it: it is logged, although it is waited for. */
  fault?: string
}

/** The provider has taken the request and not decided yet: it is asked again by key. */
export const PENDING = 'PENDING'

/** The provider is not called: its breaker has opened, or an operator holds it open. */
export const BREAKER_OPEN = 'BREAKER_OPEN'

/** The provider answers late, and this process makes as few calls at once as it answers in time. */
export const PROVIDER_BUSY = 'PROVIDER_BUSY'

/** What a provider says about a key. A fault is thrown. */
export type ProviderAnswer<Effect> =
  | { kind: 'ok'; effect: Effect }
  | { kind: 'refused'; code: string; detail: string }
  | Unavailable
  | { kind: 'notLocal' }
  /** The key was made final by an undo. */
  | { kind: 'voided' }

/** What making a key final came to: there was nothing to undo, or it is undone now. */
export type Finality<Effect> = { kind: 'nothing' } | { kind: 'undone'; undone: Effect }

/** What a saga asks of a provider: every call is keyed, may be repeated, and can be made final by key. */
export interface KeyedProvider<Request, Effect> {
  create(key: string, request: Request, attempt: Attempt): Promise<ProviderAnswer<Effect>>
  /** What became of the key; undefined when the provider has not seen it. */
  find(key: string, attempt: Attempt): Promise<ProviderAnswer<Effect> | undefined>
  /** Voids the key where it had no effect yet (a later `create` is then refused), else undoes the effect. */
  makeFinal(key: string, undoKey: string, attempt: Attempt): Promise<FinalAnswer<Effect>>
}

export type FinalAnswer<Effect> = Exclude<ProviderAnswer<Finality<Effect>>, { kind: 'voided' }>
