import {
  FAILURE_STATES,
  TREND_BUCKETS,
  type createFailures,
  type Failure,
} from '../../domain/operations/failures.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { sumMinor, time } from '../parts.ts'
import { z } from '../zod.ts'
import { READERS } from './freshness.ts'
import { sagaKind } from './saga.ts'

const WINDOW_HOURS_MAX = 168
const WINDOW_HOURS = 24

const failure = z
  .object({
    state: z.enum(FAILURE_STATES),
    kind: sagaKind,
    step: z.string(),
    code: z.string(),
    provider: z.string().nullable(),
    count: z.int(),
    firstSeenAt: time,
    lastSeenAt: time,
    amounts: z.array(z.object({ currency: z.string(), amountMinor: sumMinor })),
    trend: z
      .array(z.int())
      .openapi({ description: 'How many began in each part of the window, oldest first.' }),
  })
  .openapi('Failure')

export const failureList = z
  .object({ asOf: time, buckets: z.literal(TREND_BUCKETS), data: z.array(failure) })
  .openapi('FailureList')

const query = z.strictObject({
  kind: sagaKind.optional(),
  state: z.enum(FAILURE_STATES).optional().openapi({
    description: '`parked` now, however long ago; `rejected`: placed within the window, and turned back.',
  }),
  windowHours: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(WINDOW_HOURS_MAX))
    .default(WINDOW_HOURS)
    .openapi({ type: 'integer', minimum: 1, maximum: WINDOW_HOURS_MAX, default: WINDOW_HOURS }),
})

export interface FailureResources {
  failures: ReturnType<typeof createFailures>
}

export function failureEndpoints({ failures }: FailureResources): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/operations/failures',
      summary: 'What fails, by step and reason',
      query,
      bound: READERS,
      answers: {
        200: { description: 'What is parked first, then the most frequent first.', schema: failureList },
      },
      async handle({ query }) {
        const { asOf, data } = await failures.list(query)
        return reply(200, { asOf: asOf.toISOString(), buckets: TREND_BUCKETS, data: data.map(view) })
      },
    }),
  ]
}

const view = (each: Failure) => ({
  ...each,
  firstSeenAt: each.firstSeenAt.toISOString(),
  lastSeenAt: each.lastSeenAt.toISOString(),
})
