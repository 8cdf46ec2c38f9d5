import { CLASSES } from '../../domain/reconciliation/classify.ts'
import {
  DIFFERENCE_STATES,
  differenceKey,
  type Difference,
  type Differences,
} from '../../domain/reconciliation/differences.ts'
import { WINDOW_MINUTES_MAX, type Run, type Runs } from '../../domain/reconciliation/runs.ts'
import { SAGA_KINDS, type SagaKind } from '../../domain/saga/ids.ts'
import { PROVIDER_NAMES, type ProviderName } from '../../providers.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { accepted, ACCEPTED, momentKey, page, pageQuery, time, toPage, uuidInPath } from '../parts.ts'
import { HttpProblem } from '../problem.ts'
import { reason } from '../text.ts'
import { z } from '../zod.ts'

const listQuery = z.strictObject({
  state: z.enum(DIFFERENCE_STATES).optional().openapi({
    description: 'Without it: open and settled. `gone`: a later run found that both sides agree.',
  }),
  ...pageQuery({ cursor: momentKey(z.uuid()).optional(), limit: 100 }),
})

const side = z
  .object({
    amountMinor: z
      .int()
      .nullable()
      .openapi({ description: 'Null for a parcel, and for what is no safe integer.' }),
    currency: z.string().nullable(),
    state: z.string().openapi({ description: 'In the provider’s words, e.g. `charged`.' }),
  })
  .nullable()

const difference = z
  .object({
    id: z.uuid(),
    class: z.enum(CLASSES),
    provider: z.enum(PROVIDER_NAMES),
    step: z.string(),
    key: z.string().openapi({ description: 'The idempotency key by which both sides know it.' }),
    sagaKind: z.enum(SAGA_KINDS).nullable(),
    sagaId: z
      .uuid()
      .nullable()
      .openapi({ description: 'The order or the return that it is of, where there is one.' }),
    ours: side.openapi({ description: 'Our record of it; null where there is none.' }),
    theirs: side.openapi({ description: 'What the provider says; null where it does not know the key.' }),
    firstSeen: time,
    lastSeen: time,
    state: z.enum(DIFFERENCE_STATES),
    settledAt: time.nullable(),
    settledBy: z.string().nullable(),
    settledBecause: z.string().nullable().openapi({ description: 'Null also once it is erased.' }),
  })
  .openapi('Difference')

const run = z
  .object({
    id: z.uuid(),
    state: z.enum(['waiting', 'running', 'ended', 'failed']).openapi({
      description: '`failed`: a part of it could not be compared, after all its attempts.',
    }),
    requestedBy: z.string(),
    requestedAt: time,
    windowMinutes: z.int(),
    windowTo: time.nullable().openapi({ description: 'The end of its window, once it has begun.' }),
    endedAt: time.nullable(),
    parts: z.array(
      z.object({
        step: z.string(),
        provider: z.enum(PROVIDER_NAMES),
        state: z.enum(['waiting', 'ended', 'failed']),
        trouble: z.string().nullable().openapi({ description: 'A class of error; the log has more.' }),
        theirs: z.int(),
        ours: z.int(),
        found: z.int(),
        calls: z.int(),
      }),
    ),
  })
  .openapi('ReconciliationRun')

export const differenceList = page(difference)
  .extend({
    lastRunAt: time.nullable().openapi({ description: 'When the last run ended; null before any.' }),
    runs: z.array(run).openapi({ description: 'The newest runs, also those that wait or have failed.' }),
  })
  .openapi('DifferenceList')

const runRequest = z
  .strictObject({
    windowMinutes: z.int().min(1).max(WINDOW_MINUTES_MAX).optional().openapi({
      description:
        'How far back the run looks; without it, to where runs have covered all before, and 1500 at least.',
    }),
  })
  .openapi('ReconciliationRunRequest')

const RUNS_SHOWN = 5

export interface ReconciliationResources {
  differences: Differences
  reconciliationRuns: Runs
}

/** Where our record and the providers' lists do not agree. */
export function reconciliationEndpoints({
  differences,
  reconciliationRuns: runs,
}: ReconciliationResources): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/operations/reconciliation',
      summary: 'Differences between our record and what the providers list',
      query: listQuery,
      answers: {
        200: { description: 'Newest first: those that two runs have seen.', schema: differenceList },
      },
      async handle({ query: { limit, cursor, state } }) {
        const [found, lastRunAt, newest] = await Promise.all([
          differences.list(state, { limit, after: cursor }),
          runs.lastRunAt(),
          runs.newest(RUNS_SHOWN),
        ])
        return reply(200, {
          ...toPage(found, limit, differenceKey, viewDifference),
          lastRunAt: lastRunAt?.toISOString() ?? null,
          runs: newest.map(viewRun),
        })
      },
    }),
    endpoint({
      method: 'post',
      path: '/operations/reconciliation/run',
      summary: 'Compare now',
      body: runRequest,
      isBodyOptional: true,
      answers: {
        202: {
          description: 'A worker begins it within seconds, after those that wait already.',
          schema: accepted.extend({ id: z.uuid() }).openapi('ReconciliationRunAccepted'),
        },
      },
      async handle({ body: { windowMinutes }, principal }) {
        return reply(202, { ...ACCEPTED.body, id: await runs.request(principal.subject, windowMinutes) })
      },
    }),
    endpoint({
      method: 'post',
      path: '/operations/reconciliation/{id}/settle',
      summary: 'Note that a person has dealt with a difference',
      params: uuidInPath,
      absent: 'DIFFERENCE_NOT_FOUND',
      body: z.strictObject({ reason }).openapi('SettleRequest'),
      answers: {
        200: {
          description:
            'Settled, and recorded with the reason: it mends nothing. One that was settled before stays as it is.',
          schema: difference,
        },
      },
      problems: ['DIFFERENCE_NOT_OPEN'],
      async handle({ params: { id }, body, principal }) {
        await differences.settle(id, { actor: principal.subject, reason: body.reason })
        const found = await differences.find(id)
        if (found === undefined)
          throw new HttpProblem('DIFFERENCE_NOT_FOUND', 'There is none with this id that two runs have seen.')
        if (found.state !== 'settled') throw new HttpProblem('DIFFERENCE_NOT_OPEN')
        return reply(200, viewDifference(found))
      },
    }),
  ]
}

const viewDifference = (found: Difference) => ({
  id: found.id,
  class: found.class,
  provider: found.provider as ProviderName,
  step: found.step,
  key: found.key,
  sagaKind: found.sagaKind as SagaKind | null,
  sagaId: found.sagaKind === null ? null : found.sagaId,
  ours: found.ours,
  theirs: found.theirs,
  firstSeen: found.firstSeen.toISOString(),
  lastSeen: found.lastSeen.toISOString(),
  state: found.state,
  settledAt: found.settledAt?.toISOString() ?? null,
  settledBy: found.settledBy,
  settledBecause: found.settledBecause,
})

const viewRun = ({ id, state, requestedBy, requestedAt, windowMinutes, windowTo, endedAt, parts }: Run) => ({
  id,
  state,
  requestedBy,
  requestedAt: requestedAt.toISOString(),
  windowMinutes,
  windowTo: windowTo?.toISOString() ?? null,
  endedAt: endedAt?.toISOString() ?? null,
  parts: parts.map((part) => ({ ...part, provider: part.provider as ProviderName })),
})
