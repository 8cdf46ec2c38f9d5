/**
 * The names by which a saga is known elsewhere. They are derived from its id alone, never from a run or a clock: an
 * attempt finds what was tried before it.
 */

/** The stream of a saga's events. `kind` is what it is a saga of: the SQL function `saga_advance` builds the same name. */
export const sagaStream = (kind: string, sagaId: string): string => `${kind}-${sagaId}`

/** The saga whose stream it is; undefined for the streams of other kinds. */
export const sagaOfStream = (kind: string, streamId: string): string | undefined =>
  streamId.startsWith(`${kind}-`) ? streamId.slice(kind.length + 1) : undefined

/** The idempotency key of a step, or of its undo, at a provider. */
export const stepKey = (sagaId: string, activity: string): string => `order:${sagaId}:${activity}`

/** Whose key it is, and what follows; undefined for a key that names no saga of ours. */
export function partsOfKey(key: string): { sagaId: string; activity: string } | undefined {
  const [, sagaId, activity] = /^order:([^:]+):(.+)$/.exec(key) ?? []
  return sagaId === undefined || activity === undefined ? undefined : { sagaId, activity }
}
