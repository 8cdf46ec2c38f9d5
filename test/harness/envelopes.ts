import { toEnvelope, type EventEnvelope } from '../../events/broker/envelope.ts'

/** The events `from` to `to` of a stream. */
export function envelopes(subject: string, from: number, to: number): EventEnvelope[] {
  return Array.from({ length: to - from + 1 }, (_, index) =>
    toEnvelope({
      streamId: subject,
      version: from + index,
      type: 'Happened',
      schemaVersion: 1,
      data: { number: from + index, text: 'é “quoted”' },
      recordedAt: new Date(Date.UTC(2026, 0, 1)),
    }),
  )
}

/** The versions that were handed out, by subject, in the order in which they came. */
export function bySubject(events: readonly EventEnvelope[]): Record<string, number[]> {
  const versions: Record<string, number[]> = {}
  for (const { subject, streamversion } of events) (versions[subject] ??= []).push(streamversion)
  return versions
}

/** 1 … `to`. */
export const upTo = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1)
