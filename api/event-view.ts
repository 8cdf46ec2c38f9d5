import type { StoredEvent } from '../events/store/event.ts'

/** An event as the API shows it. */
export function viewEvent({ version, type, data, recordedAt }: StoredEvent) {
  return { version, type, data, recordedAt: recordedAt.toISOString() }
}
