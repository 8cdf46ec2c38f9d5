/**
 * The names by which a saga is known elsewhere. They are derived from its id alone, never from a run or a clock: an
 * attempt finds what was tried before it.
 */

/** What a saga is one of: the name of its definitions before the `@`. */
export const SAGA_KINDS = ['order', 'transfer', 'return'] as const
export type SagaKind = (typeof SAGA_KINDS)[number]

/**
 * The stream of a saga's events. `kind` is what it is a saga of: the SQL function `saga_advance` builds the same name.
 */
export const sagaStream = (kind: string, sagaId: string): string => `${kind}-${sagaId}`

/** The saga whose stream it is; undefined for the streams of other kinds. */
export const sagaOfStream = (kind: string, streamId: string): string | undefined =>
  streamId.startsWith(`${kind}-`) ? streamId.slice(kind.length + 1) : undefined

/** The saga with this stream, or this workflow; undefined for the name of anything else. */
export function sagaNamed(name: string): { kind: SagaKind; sagaId: string } | undefined {
  for (const kind of SAGA_KINDS) {
    const sagaId = sagaOfStream(kind, name)
    if (sagaId !== undefined) return { kind, sagaId }
  }
  return undefined
}

/** What a log calls the saga of that name: e.g. `{ orderId }`. Nothing, where it is of no saga. */
export function logFieldsOf(name: string): { [Field in `${SagaKind}Id`]?: string } {
  const saga = sagaNamed(name)
  return saga === undefined ? {} : { [`${saga.kind}Id`]: saga.sagaId }
}

/** The idempotency key of a step, or of its undo, at a provider. */
export const stepKey = (kind: SagaKind, sagaId: string, activity: string): string =>
  `${kind}:${sagaId}:${activity}`

/** The same of a return: it names the order first, to which it belongs. */
export const returnStepKey = (orderId: string, returnId: string, activity: string): string =>
  stepKey('order', orderId, stepKey('return', returnId, activity))

/** Whose key it is, and what follows; undefined for a key that names no saga of this kind. */
export function partsOfKey(kind: SagaKind, key: string): { sagaId: string; activity: string } | undefined {
  const own = kind === 'return' ? (partsOfKey('order', key)?.activity ?? '') : key
  const [its, sagaId, ...activity] = own.split(':')
  return its !== kind || sagaId === undefined || activity.length === 0
    ? undefined
    : { sagaId, activity: activity.join(':') }
}
