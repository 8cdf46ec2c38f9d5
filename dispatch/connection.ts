import { Connection } from '@temporalio/client'

/**
 * A connection that is made with the first call, so that orders are accepted while Temporal is away. It comes back within
 * a second after Temporal has; left to itself, gRPC waits up to two minutes between its attempts.
 */
export const connectLazily = (address: string): Connection =>
  Connection.lazy({
    address,
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 250, 'grpc.max_reconnect_backoff_ms': 1000 },
  })
