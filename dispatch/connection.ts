import { Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client'

const retries = defaultGrpcRetryOptions()

/** gRPC's numbers: RESOURCE_EXHAUSTED. */
const NOT_REPEATED: ReadonlySet<number> = new Set([8])

/**
 * A connection that is made with the first call, so that orders are accepted while Temporal is away. It comes back within
 * a second after Temporal has; left to itself, gRPC waits up to two minutes between its attempts.
 */
export const connectLazily = (address: string): Connection =>
  Connection.lazy({
    address,
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 250, 'grpc.max_reconnect_backoff_ms': 1000 },
    interceptors: [
      makeGrpcRetryInterceptor({
        ...retries,
        // Repeated here, a refusal would keep its place until the call's deadline, and be taken for no answer.
        retryableDecider: (attempt, status) =>
          !NOT_REPEATED.has(status.code) && retries.retryableDecider(attempt, status),
      }),
    ],
  })
