import {
  letterKey,
  LETTER_STATES,
  type createDeadLetterDesk,
  type DeadLetter,
  type LetterVerdict,
} from '../../events/inbox/dead-letter-desk.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { ACCEPTED, accepted, momentKey, page, pageQuery, time, toPage, uuid, uuidInPath } from '../parts.ts'
import { HttpProblem } from '../problem.ts'
import { traceId, traceUrl, viewTrace, type TemporalPlace } from './saga.ts'
import { reason } from '../text.ts'
import { z } from '../zod.ts'

const filter = {
  consumer: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,59}$/)
    .optional(),
  streamId: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/)
    .optional(),
  cause: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{0,59}$/)
    .optional(),
  type: z
    .string()
    .regex(/^[A-Za-z]{1,60}$/)
    .optional(),
}

const listQuery = z.strictObject({
  ...filter,
  state: z
    .enum(LETTER_STATES)
    .optional()
    .openapi({ description: 'Without it: the first of each stream, retrying or parked.' }),
  ...pageQuery({ cursor: momentKey(z.uuid()).optional() }),
})

const fields = z.object({
  id: z.uuid(),
  consumer: z.string().openapi({ description: 'Who could not apply it, e.g. `sales`.' }),
  generation: z.int().nullable(),
  streamId: z.string(),
  version: z.int(),
  type: z.string(),
  state: z.enum(LETTER_STATES).openapi({
    description: '`behind` waits for an earlier one of its stream; `discarded` is kept for the record.',
  }),
  attempts: z.int(),
  cause: z
    .string()
    .nullable()
    .openapi({
      description:
        'A class of error; EVENT_GAP: an earlier event is missing; NEWER_EVENT: a newer release has written it; ' +
        'NOT_AN_EVENT: a foreign message.',
    }),
  message: z.string().nullable(),
  traceId,
  traceUrl,
  createdAt: time,
  firstFailedAt: time.nullable(),
  lastFailedAt: time.nullable(),
  nextAttemptAt: time.nullable(),
  behind: z.int().openapi({ description: 'How many events of its stream wait behind it.' }),
})

export const deadLetter = fields
  .extend({
    event: z.record(z.string(), z.unknown()).openapi({
      description:
        'The event, as a CloudEvent; of a message that is no event, where it lay and its beginning.',
    }),
  })
  .openapi('DeadLetterWithEvent')

export const deadLetterList = page(fields.openapi('DeadLetter')).openapi('DeadLetterList')

const IDS_MAX = 100

const manyRequest = z
  .strictObject({
    ids: z.array(uuid).min(1).max(IDS_MAX).optional(),
    filter: z.strictObject(filter).optional(),
    reason: reason.optional(),
  })
  .refine(({ ids, filter: chosen }) => (ids === undefined) !== (chosen === undefined), {
    message: 'Either `ids` or `filter`; an empty filter is all of them.',
  })
  .openapi('ReprocessManyRequest', { oneOf: [{ required: ['ids'] }, { required: ['filter'] }] })

/** On the record of a reprocessing that has no reason. */
const NO_REASON = 'none given'

const A_LETTER = { params: uuidInPath, absent: 'DEAD_LETTER_NOT_FOUND' } as const
const ON_RECORD = { 202: { description: 'Accepted, and recorded.', schema: accepted } } as const

export interface DeadLetterResources {
  deadLetters: ReturnType<typeof createDeadLetterDesk>
  temporal: TemporalPlace
}

/** What consumers could not apply. */
export function deadLetterEndpoints({ deadLetters, temporal }: DeadLetterResources): Endpoint[] {
  const viewLetter = letterView(temporal)
  return [
    endpoint({
      method: 'get',
      path: '/operations/dead-letters',
      summary: 'Events that a consumer could not apply',
      query: listQuery,
      answers: {
        200: {
          description: 'Oldest first.',
          schema: deadLetterList,
        },
      },
      async handle({ query: { limit, cursor, state, ...chosen } }) {
        const letters = await deadLetters.list(
          { ...chosen, ...(state === undefined ? {} : { states: [state] }) },
          { limit, after: cursor },
        )
        return reply(200, toPage(letters, limit, letterKey, viewLetter))
      },
    }),
    endpoint({
      method: 'post',
      path: '/operations/dead-letters/reprocess',
      summary: 'Try many of them again now',
      body: manyRequest,
      answers: {
        202: {
          description: 'How many were found to be tried, at most 1000.',
          schema: accepted.extend({ accepted: z.int() }),
        },
      },
      async handle({ body: { reason = NO_REASON, ...choice }, principal }) {
        const found = await deadLetters.reprocessMany(choice, { actor: principal.subject, reason })
        return reply(202, { ...ACCEPTED.body, accepted: found })
      },
    }),
    endpoint({
      method: 'get',
      path: '/operations/dead-letters/{id}',
      summary: 'One of them, with its event',
      ...A_LETTER,
      answers: { 200: { description: 'The dead letter.', schema: deadLetter } },
      async handle({ params }) {
        const letter = await deadLetters.find(params.id)
        if (letter === undefined) throw notFound()
        const { envelope, ...rest } = letter
        return reply(200, { ...viewLetter(rest), event: { ...envelope } })
      },
    }),
    endpoint({
      method: 'post',
      path: '/operations/dead-letters/{id}/reprocess',
      summary: 'Try it again now, with what waits behind it',
      ...A_LETTER,
      body: z.strictObject({ reason: reason.optional() }).openapi('ReprocessRequest'),
      isBodyOptional: true,
      answers: ON_RECORD,
      problems: ['DEAD_LETTER_NOT_PARKED'],
      async handle({ params, body: { reason = NO_REASON }, principal }) {
        requireAccepted(await deadLetters.reprocess(params.id, { actor: principal.subject, reason }))
        return ACCEPTED
      },
    }),
    endpoint({
      method: 'post',
      path: '/operations/dead-letters/{id}/discard',
      summary: 'Pass over it for good, and go on with what waits behind it',
      ...A_LETTER,
      body: z.strictObject({ reason }).openapi('DiscardRequest'),
      answers: ON_RECORD,
      problems: ['DEAD_LETTER_NOT_PARKED'],
      async handle({ params, body: { reason }, principal }) {
        requireAccepted(await deadLetters.discard(params.id, { actor: principal.subject, reason }))
        return ACCEPTED
      },
    }),
  ]
}

const notFound = () =>
  new HttpProblem('DEAD_LETTER_NOT_FOUND', 'There is none with this id: it may have been applied.')

function requireAccepted(verdict: LetterVerdict): void {
  switch (verdict) {
    case 'accepted':
      return
    case 'unknown':
      throw notFound()
    case 'not_parked':
      throw new HttpProblem(
        'DEAD_LETTER_NOT_PARKED',
        'It waits behind another of its stream, is discarded, or is no event, which can only be discarded.',
      )
  }
}

const letterView =
  (place: TemporalPlace) =>
  ({ createdAt, ...letter }: DeadLetter) => ({
    ...letter,
    ...viewTrace(letter.traceId, place),
    createdAt: createdAt.toISOString(),
    firstFailedAt: letter.firstFailedAt?.toISOString() ?? null,
    lastFailedAt: letter.lastFailedAt?.toISOString() ?? null,
    nextAttemptAt: letter.nextAttemptAt?.toISOString() ?? null,
  })
