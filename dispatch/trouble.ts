import { isGrpcServiceError } from '@temporalio/client'

/**
 * What an error of a call to Temporal says of Temporal.
 * - `slow`: no answer in time, so it may have been done.
 * - `busy`: it takes no more at present.
 * - `away`: no call would do: it cannot be reached, or refuses us.
 * - `none`: it is about this one call, or about ourselves.
 */
export type Trouble = 'slow' | 'busy' | 'away' | 'none'

/** gRPC's numbers. */
const CODES: Readonly<Record<number, Trouble>> = {
  1: 'away', // CANCELLED: the connection was closed
  2: 'away', // UNKNOWN
  4: 'slow', // DEADLINE_EXCEEDED
  7: 'away', // PERMISSION_DENIED
  8: 'busy', // RESOURCE_EXHAUSTED
  13: 'away', // INTERNAL
  14: 'away', // UNAVAILABLE
  16: 'away', // UNAUTHENTICATED
}

export function troubleOf(error: unknown): Trouble {
  if (!(error instanceof Error)) return 'none'
  if (error.name === 'NamespaceNotFoundError') return 'away'
  if (isGrpcServiceError(error)) return CODES[error.code] ?? 'none'
  return troubleOf(error.cause)
}
