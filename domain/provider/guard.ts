import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleType,
  IterableBackoff,
  type IBreaker,
  SamplingBreaker,
} from 'cockatiel'
import { Fault } from '../../faults.ts'
import type { ProviderHttp, ProviderRequest } from './http.ts'
import type { ConcurrencyLimit } from './limit.ts'
import { BREAKER_OPEN, PROVIDER_BUSY, type Attempt } from './protocol.ts'
import { createLocalPermits, type LocalPermits } from './permits.ts'

export type BreakerState = 'closed' | 'open' | 'half-open'

/** Opens when more than this share of at least three calls within ten seconds were faults. Refusals are none. */
const SAMPLING = { threshold: 0.7, duration: 10_000, minimumRps: 0.3 }

/** Opens also after this many faults in a row, however much time is between them: where few orders wait. */
const CONSECUTIVE = 5

/** How long it stays open before one call may find out: longer each time that call fails, in milliseconds. */
const OPEN_FOR_MS = [1000, 2000, 5000, 10_000]

/** How long an order waits whose call got no turn, in milliseconds. */
const BUSY_RETRY_MS = 1000

export interface GuardedProvider {
  readonly name: string
  readonly http: ProviderHttp
  breaker(): BreakerState
  /** Calls that this process has under way, and how many it would make at most. */
  bulkhead(): { limit: number; inUse: number }
}

export interface GuardOptions {
  name: string
  http: ProviderHttp
  /** Queued calls that this process makes at once at most: the slots of its worker. */
  slots: number
  onBreaker?: (state: BreakerState) => void
  /** A call that was not made. */
  onRejected?: (why: 'breaker' | 'permit' | 'limit') => void
  permits?: LocalPermits
  /** How many calls at once, where that follows from how long they take. */
  limit?: ConcurrencyLimit
}

/**
 * Stands between the saga and one provider. While its breaker is open a call is answered as unavailable without
 * being made, and half-open lets one through at a time; a local attempt needs a permit besides. Where the limit adapts,
 * a call that gets no turn is answered as unavailable too, or as not local.
 */
export function guardProvider(options: GuardOptions): GuardedProvider {
  const { name, http, slots, limit, onRejected = () => undefined, permits = createLocalPermits() } = options
  const policy = circuitBreaker(handleType(Fault), {
    breaker: either(new SamplingBreaker(SAMPLING), new ConsecutiveBreaker(CONSECUTIVE)),
    halfOpenAfter: new IterableBackoff(OPEN_FOR_MS),
  })
  policy.onStateChange((state) => options.onBreaker?.(asBreakerState(state)))
  let inUse = 0

  const guarded: ProviderHttp = async (request, attempt) => {
    const release = attempt.isLocal ? permits.acquire() : () => undefined
    if (release === undefined) {
      onRejected('permit')
      return { kind: 'notLocal' }
    }
    try {
      if (limit === undefined) return await call(request, attempt)
      return await inTurn(limit, request, attempt)
    } finally {
      release()
    }
  }

  /** Outside the breaker: a call that is not made is no success of the provider. */
  const inTurn = async (
    among: ConcurrencyLimit,
    request: ProviderRequest,
    attempt: Attempt,
  ): ReturnType<ProviderHttp> => {
    const leave = await among.acquire(attempt)
    if (leave === undefined) {
      onRejected('limit')
      return attempt.isLocal
        ? { kind: 'notLocal' }
        : { kind: 'unavailable', why: PROVIDER_BUSY, retryAfterMs: BUSY_RETRY_MS }
    }
    let isMeasured = false
    try {
      const answer = await call(request, attempt)
      isMeasured = answer.kind === 'ok'
      return answer
    } catch (error) {
      isMeasured = isTimeout(error)
      throw error
    } finally {
      leave(isMeasured)
    }
  }

  const call: ProviderHttp = async (request, attempt) => {
    inUse += 1
    try {
      // The library lets callers wait for the one that tests a half-open circuit; an order waits on its timer.
      if (policy.state === CircuitState.HalfOpen) throw new BrokenCircuitError()
      const send = () => http(request, attempt)
      return await (attempt.isLocal ? patiently(send) : policy.execute(send))
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error
      onRejected('breaker')
      return { kind: 'unavailable', why: BREAKER_OPEN }
    } finally {
      inUse -= 1
    }
  }

  /** A local call is given up early, for the sake of others: that says nothing about the provider's health. */
  const patiently = async (send: () => ReturnType<ProviderHttp>): ReturnType<ProviderHttp> => {
    if (policy.state !== CircuitState.Closed) throw new BrokenCircuitError()
    const made = send()
    const isLate = await made.then(() => false, isTimeout)
    return isLate ? made : policy.execute(() => made)
  }

  return {
    name,
    http: guarded,
    breaker: () => asBreakerState(policy.state),
    bulkhead: () => ({ limit: limit?.current() ?? slots + permits.limit, inUse }),
  }
}

const isTimeout = (error: unknown): boolean => error instanceof Fault && error.code === 'PROVIDER_TIMEOUT'

/** Opens when either of the two does. */
function either(one: IBreaker, other: IBreaker): IBreaker {
  return {
    state: undefined,
    success(state) {
      one.success(state)
      other.success(state)
    },
    failure(state) {
      const hasOpened = [one.failure(state), other.failure(state)]
      return hasOpened.includes(true)
    },
  }
}

function asBreakerState(state: CircuitState): BreakerState {
  switch (state) {
    case CircuitState.Closed:
      return 'closed'
    case CircuitState.HalfOpen:
      return 'half-open'
    case CircuitState.Open:
    case CircuitState.Isolated:
      return 'open'
  }
}
