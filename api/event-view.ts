import type { StoredEvent } from '../events/envelope.ts'

/** An event as the API shows it. */
export function viewEvent({ version, type, data, recordedAt }: StoredEvent) {
  return { version, type, data, recordedAt: recordedAt.toISOString() }
}
