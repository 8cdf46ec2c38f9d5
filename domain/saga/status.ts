/** The status of a saga, in the order of its life. */
export const SAGA_STATUSES = [
  'pending',
  'processing',
  'waiting',
  'compensating',
  'parked',
  'completed',
  'rejected',
  'cancelled',
] as const

export type SagaStatus = (typeof SAGA_STATUSES)[number]

/** The legal moves. The database refuses every other (`sagas_moves`), and a test holds both tables together. */
const MOVES: Record<SagaStatus, readonly SagaStatus[]> = {
  pending: ['processing', 'parked', 'compensating'],
  processing: ['waiting', 'parked', 'compensating', 'completed'],
  waiting: ['processing', 'parked', 'compensating', 'completed'],
  parked: ['processing', 'waiting', 'compensating', 'completed'],
  compensating: ['parked', 'rejected', 'cancelled'],
  completed: [],
  rejected: [],
  cancelled: [],
}

/** A parked saga that has a reason has turned back: it returns only to compensating. */
export function canMove(from: SagaStatus, to: SagaStatus, hasReason: boolean): boolean {
  if (from === 'parked' && hasReason) return to === 'compensating'
  return MOVES[from].includes(to)
}

/** A status as a row holds it, of which the database lets in no other. */
export const isTerminal = (status: string): boolean => MOVES[status as SagaStatus].length === 0
