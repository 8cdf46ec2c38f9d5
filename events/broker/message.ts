import { z } from 'zod'
import type { EventEnvelope } from './envelope.ts'

/** What a broker hands out, before it is known whether it is an event. Any program may have written it. */
export interface Message {
  /** Where it lay: the broker's subject, and its number there. */
  subject: string
  sequence: number
  storedAt: Date
  /** Its size; the body of one that is too large may be cut. */
  bytes: number
  body: Uint8Array
}

/** A message that is no event, as it is kept for an operator. */
export interface ForeignMessage extends Omit<Message, 'body'> {
  why: string
  /** Its beginning; in base64 where it is not text. */
  raw: string
  encoding: 'text' | 'base64'
}

/** An event of ours has a few kilobytes; a NATS server takes a mebibyte unless it is set otherwise. */
export const MESSAGE_BYTES_MAX = 512 * 1024

/** So much of a message that is no event is kept, in bytes. */
export const KEPT_BYTES = 4096

/** PostgreSQL and `JSON.stringify` have their limits, too. */
const DEPTH_MAX = 64

/** CloudEvents 1.0 as `toEnvelope` writes it. Other members may come with it. */
const ENVELOPE = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: z.string(),
    source: z.string().regex(/^\/ordersaga\/./),
    type: z.string().regex(/^ordersaga\.\w{1,100}$/),
    subject: z.string().min(1).max(200),
    time: z.iso.datetime({ offset: true }),
    datacontenttype: z.literal('application/json'),
    streamversion: z.int32().min(1),
    schemaversion: z.int32().min(1),
    // One that is no text says nothing, and is no reason to set an event aside.
    traceparent: z.string().max(100).optional().catch(undefined),
    data: z.record(z.string(), z.unknown()),
  })
  .refine(({ id, subject, streamversion }) => id === `${subject}/${streamversion}`, { path: ['id'] })

/** The one rule for what is an event: everything else is foreign, whichever broker it comes from. */
export function sortMessages(messages: readonly Message[]): {
  events: EventEnvelope[]
  foreign: ForeignMessage[]
} {
  const events: EventEnvelope[] = []
  const foreign: ForeignMessage[] = []
  for (const message of messages) {
    const read = readEnvelope(message)
    if (typeof read === 'string') foreign.push({ ...keepable(message), why: read })
    else events.push(read)
  }
  return { events, foreign }
}

/** The envelope, or why there is none. The reason quotes nothing of the message. */
function readEnvelope({ bytes, body }: Message): EventEnvelope | string {
  if (bytes > MESSAGE_BYTES_MAX) return `It has ${bytes} bytes.`
  const text = textOf(body)
  if (text === undefined) return 'It is not UTF-8.'
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'It is not JSON.'
  }
  const parsed = ENVELOPE.safeParse(value)
  if (!parsed.success) {
    const members = new Set(parsed.error.issues.map(({ path }) => String(path[0] ?? 'the whole')))
    return `It is no envelope: ${[...members].join(', ')}.`
  }
  if (!isStorable(value)) return 'It holds text that cannot be stored, or is nested too deeply.'
  return parsed.data
}

/** PostgreSQL stores neither NUL nor half a surrogate pair: an event with one could not even be set aside. */
const UNSTORABLE = /[\p{Cs}]|\0/u

function isStorable(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return !UNSTORABLE.test(value)
  if (typeof value !== 'object' || value === null) return true
  if (depth === DEPTH_MAX) return false
  return Object.entries(value).every(([key, one]) => isStorable(key) && isStorable(one, depth + 1))
}

function keepable({ body, ...where }: Message): Omit<ForeignMessage, 'why'> {
  const kept = body.subarray(0, KEPT_BYTES)
  // The cut may have gone through a character.
  const text = textOf(kept, { stream: body.length > kept.length })
  if (text !== undefined && !UNSTORABLE.test(text)) return { ...where, raw: text, encoding: 'text' }
  return { ...where, raw: Buffer.from(kept).toString('base64'), encoding: 'base64' }
}

function textOf(bytes: Uint8Array, options: { stream?: boolean } = {}): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, options)
  } catch {
    return undefined
  }
}
