import type { TemporalTarget } from '../temporal.ts'
import { Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client'

const retries = defaultGrpcRetryOptions()

/** gRPC's numbers: RESOURCE_EXHAUSTED. */
const NOT_REPEATED: ReadonlySet<number> = new Set([8])

/** Temporal closes a connection that is pinged more often than every ten seconds. */
const PING_EVERY_MS = 15_000
const PING_TIMEOUT_MS = 5000

/**
 * A connection that is made with the first call, so that orders are accepted while Temporal is away. It comes back
 * within a second after Temporal has; left to itself, gRPC waits up to two minutes between its attempts. One that is
 * dead is replaced within twenty seconds, and every call has a deadline of its own meanwhile.
 */
export const connectLazily = (target: TemporalTarget): Connection =>
  Connection.lazy({
    ...target,
    channelArgs: {
      'grpc.initial_reconnect_backoff_ms': 250,
      'grpc.max_reconnect_backoff_ms': 1000,
      'grpc.keepalive_time_ms': PING_EVERY_MS,
      'grpc.keepalive_timeout_ms': PING_TIMEOUT_MS,
    },
    interceptors: [
      makeGrpcRetryInterceptor({
        ...retries,
        // Repeated here, a refusal would keep its place until the call's deadline, and be taken for no answer.
        retryableDecider: (attempt, status) =>
          !NOT_REPEATED.has(status.code) && retries.retryableDecider(attempt, status),
      }),
    ],
  })
