import {
  RETRY_CHANGES,
  type createRetryBatches,
  type RetryBatchProgress,
  type RetryChange,
} from '../../domain/operations/retry-batches.ts'
import { outlinesOf, type Contracts } from '../contracts.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { page, pageQuery, time, toPage, uuidInPath } from '../parts.ts'
import { HttpProblem } from '../problem.ts'
import { reason } from '../text.ts'
import { z } from '../zod.ts'
import { errorClass, stepName } from './parked.ts'
import { sagaKind } from './saga.ts'
import { requireKnownStep } from './steps.ts'

const filter = z.strictObject({
  kind: sagaKind.optional(),
  step: stepName.optional(),
  errorClass: errorClass.optional(),
})

const retryBatchRequest = z
  .strictObject({
    filter,
    rampPercent: z.int().min(1).max(100).default(10).openapi({
      description: 'How much of it goes at once; the next wave goes when the last one went well.',
    }),
    reason,
  })
  .openapi('RetryBatchRequest')

const retryBatch = z
  .object({
    id: z.uuid(),
    status: z
      .enum(['running', 'paused', 'done', 'stopped'])
      .openapi({ description: '`stopped`: by an operator, or because the failures came back.' }),
    filter: z.object({
      kind: sagaKind.optional(),
      step: z.string().optional(),
      errorClass: z.string().optional(),
    }),
    rampPercent: z.int(),
    actor: z.string(),
    reason: z.string(),
    total: z.int(),
    pending: z.int(),
    retried: z.int(),
    succeeded: z.int(),
    failed: z.int(),
    createdAt: time,
    updatedAt: time,
  })
  .openapi('RetryBatch')

const retryChange = z.strictObject({ reason }).openapi('RetryChange')

/** The status that is asked for: a batch that has it already answers as if it were changed now. */
const ASKED: Record<RetryChange, RetryBatchProgress['status'] | undefined> = {
  pause: 'paused',
  resume: 'running',
  // One that was stopped has ended, and may have been so by its failures.
  stop: undefined,
}

const SUMMARIES: Record<RetryChange, string> = {
  pause: 'Let such a retry go no further for now',
  resume: 'Let a paused retry go on',
  stop: 'End such a retry',
}

const A_RETRY = { params: uuidInPath, absent: 'RETRY_NOT_FOUND' } as const

export interface RetryResources {
  contracts: Contracts
  retryBatches: ReturnType<typeof createRetryBatches>
}

/** Retries of many parked steps, wave by wave. */
export function retryEndpoints({ contracts, retryBatches }: RetryResources): Endpoint[] {
  const find = async (id: string): Promise<RetryBatchProgress> => {
    const batch = await retryBatches.find(id)
    if (batch === undefined) throw new HttpProblem('RETRY_NOT_FOUND')
    return batch
  }
  return [
    endpoint({
      method: 'post',
      path: '/operations/parked/retry',
      summary: 'Try many parked steps again, wave by wave',
      body: retryBatchRequest,
      answers: {
        202: { description: 'Under way.', schema: retryBatch, headers: z.object({ Location: z.string() }) },
      },
      problems: ['UNKNOWN_STEP'],
      async handle({ body: { filter, rampPercent, reason }, principal }) {
        requireKnownStep(filter.step, outlinesOf(contracts), '/filter/step')
        const batch = await retryBatches.create(filter, rampPercent, { actor: principal.subject, reason })
        return reply(202, viewBatch(batch), { location: `/operations/retries/${batch.id}` })
      },
    }),
    endpoint({
      method: 'get',
      path: '/operations/retries',
      summary: 'Such retries',
      query: z.strictObject(pageQuery({ cursor: z.uuid().optional() })),
      answers: { 200: { description: 'Newest first.', schema: page(retryBatch).openapi('RetryBatchList') } },
      async handle({ query: { limit, cursor } }) {
        const batches = await retryBatches.list({ limit, after: cursor })
        return reply(
          200,
          toPage(batches, limit, ({ id }) => id, viewBatch),
        )
      },
    }),
    endpoint({
      method: 'get',
      path: '/operations/retries/{id}',
      summary: 'How far such a retry is',
      ...A_RETRY,
      answers: { 200: { description: 'Its progress.', schema: retryBatch } },
      handle: async ({ params }) => reply(200, viewBatch(await find(params.id))),
    }),
    ...RETRY_CHANGES.map((change) =>
      endpoint({
        method: 'post',
        path: `/operations/retries/{id}/${change}`,
        summary: SUMMARIES[change],
        ...A_RETRY,
        body: retryChange,
        answers: {
          200: { description: 'The batch. Steps that were woken before go on.', schema: retryBatch },
        },
        problems: ['RETRY_NOT_RUNNING'],
        async handle({ params: { id }, body: { reason }, principal }) {
          const isChanged = await retryBatches.change(id, change, { actor: principal.subject, reason })
          const batch = await find(id)
          if (!isChanged && batch.status !== ASKED[change]) throw new HttpProblem('RETRY_NOT_RUNNING')
          return reply(200, viewBatch(batch))
        },
      }),
    ),
  ]
}

const viewBatch = ({ createdAt, updatedAt, ...batch }: RetryBatchProgress) => ({
  ...batch,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
})
