import type { EventBuffer } from 'better-sse'
import type { Tail, TailEvent } from '../../events/outbox/tail.ts'
import { createBound } from '../back-pressure.ts'
import { endpoint, reply, type Endpoint, type HeaderRule } from '../endpoint.ts'
import { createEventStreams, toFrames } from '../event-stream.ts'
import { ownerSeenBy } from '../identity/principal.ts'
import { uuidInPath } from '../parts.ts'
import { HttpProblem } from '../problem.ts'
import { z } from '../zod.ts'
import { event, viewEvent } from './events.ts'
import { isOver, type createOrderFeeds } from './order-feeds.ts'
import { order } from './order.ts'

/** What is kept for a client that is still reading what was before: so many batches of the tail. */
const WAITING_MAX = 100

const CUT_OFF = 'A client that reads too slowly is cut off, and goes on with Last-Event-ID.'

const SEEN_FORM = /^\d{1,15}$/

/** As far as a client has seen a stream. */
const SEEN = {
  'Last-Event-ID': {
    schema: z
      .string()
      .regex(SEEN_FORM)
      .transform(Number)
      .optional()
      .openapi({ type: 'string', pattern: SEEN_FORM.source }),
    description: 'The id of the last event that was seen: go on after it, as browsers do by themselves.',
    invalid: 'INVALID_PARAMETER',
  },
} as const satisfies Record<string, HeaderRule>

/** An event of any stream. */
const streamEvent = event.extend({ streamId: z.string() }).openapi('StreamEvent')

/** Sent first to a client that was away for longer than events are kept: what it shows is to be read again. */
const EVENTS_MISSED = 'EventsMissed'
const eventsMissed = z.object({ after: z.string() }).openapi('EventsMissed')

export interface StreamResources {
  orderFeeds: ReturnType<typeof createOrderFeeds>
  tail: Tail
  streamsMax: number
  streamsPerAddressMax: number
  /** Aborted when the process is to end: streams would keep it open. */
  ending: AbortSignal
}

/** Server-sent events: what happens, as it happens. A client that was cut off goes on where it was. */
export function streamEndpoints({
  orderFeeds,
  tail,
  streamsMax,
  streamsPerAddressMax,
  ending,
}: StreamResources): Endpoint[] {
  const bound = createBound(streamsMax, streamsPerAddressMax)
  const streamTo = createEventStreams(ending)
  const framesOf = shareFrames()
  return [
    endpoint({
      method: 'get',
      path: '/orders/{id}/stream',
      summary: 'What happens to an order, as it happens',
      params: uuidInPath,
      absent: 'ORDER_NOT_FOUND',
      headers: SEEN,
      bound,
      answers: {
        200: {
          description:
            'The events so far, then each new one: `id` its version, `event` its type, `data` the order as it then was. ' +
            `Ends after the one that ends the order. ${CUT_OFF}`,
          isStream: true,
          data: order,
        },
        204: { description: 'The order has ended and nothing will follow: do not come back.' },
      },
      async handle({ params: { id }, headers, principal }) {
        const soFar = await orderFeeds.soFar(id, ownerSeenBy(principal))
        if (soFar === undefined) throw new HttpProblem('ORDER_NOT_FOUND')
        // No client has seen a version that the order does not have.
        const seen = Math.min(headers['Last-Event-ID'] ?? 0, soFar.at.version)
        if (isOver(soFar) && soFar.at.version <= seen) return reply(204)
        return {
          status: 200 as const,
          stream: streamTo(async (watcher) => {
            const { feed, close } = orderFeeds.open(id, soFar)
            let sent = 0
            try {
              while (!watcher.hasLeft() && !feed.hasFailed) {
                const { past, changed } = feed
                for (const { version, frames } of past.news.slice(sent))
                  if (version > seen) watcher.send(frames)
                sent = past.news.length
                if (isOver(past)) return
                await Promise.race([changed, watcher.left])
              }
            } finally {
              close()
            }
          }),
        }
      },
    }),
    endpoint({
      method: 'get',
      path: '/operations/stream',
      summary: 'What happens to everything, as it happens',
      headers: SEEN,
      bound,
      answers: {
        200: {
          description:
            'Each new event of every stream: `event` its type, `data` its stream, version, data and time. With ' +
            `Last-Event-ID those since, as far back as an hour; \`${EVENTS_MISSED}\` comes first when that is not all. ${CUT_OFF}`,
          isStream: true,
          data: z.union([streamEvent, eventsMissed]),
        },
      },
      async handle({ headers }) {
        const seen = headers['Last-Event-ID']
        // Is the database there? From here on, a failure could only end the stream.
        ;(await tail.listen(() => undefined)).stop()
        return {
          status: 200 as const,
          stream: streamTo(async (watcher) => {
            let waiting: EventBuffer[] | undefined = []
            const { before, stop } = await tail.listen((events) => {
              const frames = framesOf(events)
              if (waiting === undefined) watcher.send(frames)
              else if (waiting.push(frames) > WAITING_MAX) watcher.cutOff()
            })
            try {
              if (seen !== undefined) {
                if (!(await tail.isKept(BigInt(seen)))) watcher.send(missedAfter(seen))
                for await (const events of before(BigInt(seen))) {
                  watcher.send(framesOf(events))
                  await watcher.ready()
                  if (watcher.hasLeft()) return
                }
              }
              for (const frames of waiting) watcher.send(frames)
              waiting = undefined
              await watcher.left
            } finally {
              stop()
            }
          }),
        }
      },
    }),
  ]
}

const missedAfter = (seen: number): EventBuffer =>
  toFrames([{ type: EVENTS_MISSED, data: { after: String(seen) }, id: String(seen) }])

/** A batch is written once, for all who watch. */
function shareFrames(): (events: readonly TailEvent[]) => EventBuffer {
  const written = new WeakMap<readonly TailEvent[], EventBuffer>()
  return (events) => {
    const frames =
      written.get(events) ??
      toFrames(
        events.map((event) => ({
          data: { streamId: event.streamId, ...viewEvent(event) },
          type: event.type,
          id: String(event.id),
        })),
      )
    written.set(events, frames)
    return frames
  }
}
