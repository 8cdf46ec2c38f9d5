import { toEnvelope, type EventEnvelope } from '../../events/broker/envelope.ts'
import type { EventHandler, Subscriber } from '../../events/broker/transport.ts'

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

/** A subscriber that meets nothing but events. */
export const reading = (handle: EventHandler): Subscriber => ({
  handle,
  keep: () => Promise.reject(new Error('there is a message that is no event')),
})

/** What is JSON and no event, each by one thing alone. */
export function foreignTexts(): Record<string, string> {
  const [event] = envelopes('order-a', 2, 2)
  const but = (change: Record<string, unknown>) => JSON.stringify({ ...event, ...change })
  return {
    'an empty object': '{}',
    null: 'null',
    'an array': '[]',
    'a text': '"order-a/2"',
    'a version that is text': but({ streamversion: '2' }),
    'a negative version': but({ streamversion: -2, id: 'order-a/-2' }),
    'a version that is no whole number': but({ streamversion: 2.5, id: 'order-a/2.5' }),
    'a version that no database has': but({ streamversion: 2 ** 40, id: `order-a/${2 ** 40}` }),
    'no data': but({ data: undefined }),
    'data that is text': but({ data: 'x' }),
    'another version of CloudEvents': but({ specversion: '0.3' }),
    'another source': but({ source: '/elsewhere/order' }),
    'a type of somebody else': but({ type: 'elsewhere.Happened' }),
    'no subject': but({ subject: undefined }),
    'an id of another event': but({ id: 'order-a/3' }),
    'a time that is none': but({ time: 'yesterday' }),
    'a depth that cannot be stored': `${but({ data: undefined }).slice(0, -1)},"data":{"a":${'['.repeat(200)}${']'.repeat(200)}}}`,
    'more bytes than any event has': but({ data: { text: 'x'.repeat(600_000) } }),
  }
}
