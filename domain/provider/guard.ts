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
import type { ProviderHttp } from './http.ts'
import { BREAKER_OPEN } from './protocol.ts'
import { createLocalPermits, type LocalPermits } from './permits.ts'

export type BreakerState = 'closed' | 'open' | 'half-open'

/** Opens when more than this share of at least three calls within ten seconds were faults. Refusals are none. */
const SAMPLING = { threshold: 0.7, duration: 10_000, minimumRps: 0.3 }

/** Opens also after this many faults in a row, however much time is between them: where few orders wait. */
const CONSECUTIVE = 5

/** How long it stays open before one call may find out: longer each time that call fails, in milliseconds. */
const OPEN_FOR_MS = [1000, 2000, 5000, 10_000]

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
  onRejected?: (why: 'breaker' | 'permit') => void
  permits?: LocalPermits
}

/**
 * Stands between the saga and one provider. While its breaker is open a call is answered as unavailable without
 * being made, and half-open lets one through at a time; a local attempt needs a permit besides.
 */
export function guardProvider(options: GuardOptions): GuardedProvider {
  const { name, http, slots, onRejected = () => undefined, permits = createLocalPermits() } = options
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
    inUse += 1
    try {
      // The library lets callers wait for the one that tests a half-open circuit; an order waits on its timer.
      if (policy.state === CircuitState.HalfOpen) throw new BrokenCircuitError()
      const call = () => http(request, attempt)
      return await (attempt.isLocal ? patiently(call) : policy.execute(call))
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error
      onRejected('breaker')
      return { kind: 'unavailable', why: BREAKER_OPEN }
    } finally {
      inUse -= 1
      release()
    }
  }

  /** A local call is given up early, for the sake of others: that says nothing about the provider's health. */
  const patiently = async (call: () => ReturnType<ProviderHttp>): ReturnType<ProviderHttp> => {
    if (policy.state !== CircuitState.Closed) throw new BrokenCircuitError()
    const made = call()
    const isLate = await made.then(
      () => false,
      (error: unknown) => error instanceof Fault && error.code === 'PROVIDER_TIMEOUT',
    )
    return isLate ? made : policy.execute(() => made)
  }

  return {
    name,
    http: guarded,
    breaker: () => asBreakerState(policy.state),
    bulkhead: () => ({ limit: slots + permits.limit, inUse }),
  }
}

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
