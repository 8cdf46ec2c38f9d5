import { LETTER_STATES } from '../../events/inbox/dead-letter-desk.ts'
import { page, pageQuery, prose, time, z } from './shared.ts'

const filter = {
  consumer: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,59}$/)
    .optional(),
  streamId: z
    .string()
    .regex(/^[\w-]{1,100}$/)
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

export const deadLetterListQuery = z.strictObject({
  ...filter,
  state: z
    .enum(LETTER_STATES)
    .optional()
    .openapi({ description: 'Without it: the first of each stream, retrying or parked.' }),
  ...pageQuery,
  cursor: pageQuery.cursor.pipe(
    z
      .string()
      .refine((key) => {
        const [moment, id, ...rest] = key.split(' ')
        return (
          z.iso.datetime().safeParse(moment).success && z.uuid().safeParse(id).success && rest.length === 0
        )
      })
      .refine((key) => !key.startsWith('0000'))
      .optional(),
  ),
})

const deadLetterFields = z.object({
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
  cause: z.string().nullable().openapi({
    description: 'A class of error; EVENT_GAP: an earlier event is missing; NOT_AN_EVENT: a foreign message.',
  }),
  message: z.string().nullable(),
  traceId: z.string().nullable(),
  createdAt: time,
  firstFailedAt: time.nullable(),
  lastFailedAt: time.nullable(),
  nextAttemptAt: time.nullable(),
  behind: z.int().openapi({ description: 'How many events of its stream wait behind it.' }),
})

export const deadLetterList = page(deadLetterFields.openapi('DeadLetter')).openapi('DeadLetterList')

export const deadLetter = deadLetterFields
  .extend({
    event: z.record(z.string(), z.unknown()).openapi({
      description:
        'The event, as a CloudEvent; of a message that is no event, where it lay and its beginning.',
    }),
  })
  .openapi('DeadLetterWithEvent')

const reason = prose(500)

export const reprocessRequest = z.strictObject({ reason: reason.optional() }).openapi('ReprocessRequest')

export const discardRequest = z.strictObject({ reason }).openapi('DiscardRequest')

const IDS_MAX = 100

export const reprocessManyRequest = z
  .strictObject({
    ids: z.array(z.uuid()).min(1).max(IDS_MAX).optional(),
    filter: z.strictObject(filter).optional(),
    reason: reason.optional(),
  })
  .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), {
    message: 'Either `ids` or `filter`; an empty filter is all of them.',
  })
  .openapi('ReprocessManyRequest')
