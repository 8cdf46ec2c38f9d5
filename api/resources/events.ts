import type { StoredEvent } from '../../events/store/event.ts'
import type { AsOf, EventStore } from '../../events/store/store.ts'
import { sagaStream } from '../../domain/saga/ids.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { ownerSeenBy } from '../identity/principal.ts'
import { asOfQuery, page, pageQuery, time, toPage, uuidInPath } from '../parts.ts'
import type { ProblemCode } from '../problem.ts'
import { z } from '../zod.ts'

/** More than a saga has in a healthy life: only a hot account needs a second page. */
const PAGE_EVENTS = 1000

const version = z
  .string()
  .regex(/^[1-9]\d{0,8}$/)
  .optional()

/** What a list of the events of one stream is asked by. */
export const eventPageQuery = pageQuery({ cursor: version, limit: PAGE_EVENTS, limitMax: PAGE_EVENTS })

export const sagaEventsQuery = z.strictObject({ asOfVersion: asOfQuery.asOfVersion, ...eventPageQuery })

export const event = z.object({
  version: z.int(),
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
  recordedAt: time,
})

export const eventList = page(event).openapi('EventList')

/** An event as the API shows it. */
export const viewEvent = ({ version, type, data, recordedAt }: StoredEvent): z.input<typeof event> => ({
  version,
  type,
  data: data as Record<string, unknown>,
  recordedAt: recordedAt.toISOString(),
})

/** The events of a stream, from version 1 without gaps, up to where it is asked for. */
export async function readEvents(
  store: EventStore,
  streamId: string,
  { limit, cursor, ...asOf }: AsOf & { limit: number; cursor?: string | undefined },
) {
  const upTo = await store.upTo(streamId, asOf)
  const events = await store.show(streamId, { upTo, after: Number(cursor ?? 0), limit: limit + 1 })
  return toPage(events, limit, ({ version }) => String(version), viewEvent)
}

interface SagaEvents {
  /** Of the sagas, e.g. `/transfers`. */
  sagas: string
  /** One of them, e.g. `a transfer`. */
  one: string
  absent: ProblemCode
  kind: string
  store: EventStore
  /** @throws HttpProblem when there is none for this owner. */
  find: (id: string, owner: string | undefined) => Promise<{ id: string }>
}

/** What happened to one saga, for those who may see it. */
export const sagaEventsEndpoint = ({ sagas, one, absent, kind, store, find }: SagaEvents): Endpoint =>
  endpoint({
    method: 'get',
    path: `${sagas}/{id}/events`,
    summary: `What happened to ${one}`,
    params: uuidInPath,
    absent,
    query: sagaEventsQuery,
    answers: { 200: { description: 'Its events, from version 1 without gaps.', schema: eventList } },
    async handle({ params, query: { asOfVersion, ...window }, principal }) {
      const { id } = await find(params.id, ownerSeenBy(principal))
      return reply(200, await readEvents(store, sagaStream(kind, id), { version: asOfVersion, ...window }))
    },
  })
