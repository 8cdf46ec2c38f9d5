import { parkedKey, type createParking, type ParkedStep } from '../../domain/operations/parking.ts'
import type { SagaStarter } from '../../dispatch/starter.ts'
import type { SagaContract } from '../../workflows/saga/contract.ts'
import type { Contracts } from '../contracts.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import {
  ACCEPTED,
  accepted,
  amountMinor,
  momentKey,
  page,
  pageQuery,
  time,
  toPage,
  uuidInPath,
} from '../parts.ts'
import { HttpProblem, type ProblemCode } from '../problem.ts'
import { line, reason } from '../text.ts'
import { z } from '../zod.ts'
import { sagaKind } from './saga.ts'
import { requireKnownStep } from './steps.ts'

export const errorClass = z.string().regex(/^[A-Z][A-Z0-9_]{0,59}$/)
export const stepName = z.string().regex(/^[A-Za-z]{1,60}$/)

export const parkedStep = z
  .object({
    kind: sagaKind,
    orderId: z.uuid().optional().openapi({ description: 'Of an order.' }),
    transferId: z.uuid().optional().openapi({ description: 'Of a transfer.' }),
    returnId: z.uuid().optional().openapi({ description: 'Of a return.' }),
    step: z.string().openapi({ description: 'The step, also when it is its compensation that is parked.' }),
    errorClass: z.string(),
    attempts: z.int(),
    since: time,
    amountMinor: amountMinor.openapi({
      description: 'What it is worth: it is at risk until the step is settled.',
    }),
  })
  .openapi('ParkedStep')

const listQuery = z.strictObject({
  kind: sagaKind.optional(),
  step: stepName.optional(),
  errorClass: errorClass.optional(),
  ...pageQuery({ cursor: momentKey(z.uuid(), stepName).optional() }),
})

const retryRequest = z.strictObject({ step: line(60).optional(), reason }).openapi('RetryRequest')
const skipRequest = z.strictObject({ step: line(60), reason }).openapi('SkipRequest')

export interface ParkedResources {
  contracts: Contracts
  parking: ReturnType<typeof createParking>
  starter: SagaStarter
}

/** Steps that no machine could settle, and what operators do with them. */
export function parkedEndpoints(options: ParkedResources): Endpoint[] {
  const { contracts, parking } = options
  return [
    endpoint({
      method: 'get',
      path: '/operations/parked',
      summary: 'Steps that no machine could settle',
      query: listQuery,
      answers: {
        200: { description: 'Longest parked first.', schema: page(parkedStep).openapi('ParkedList') },
      },
      async handle({ query: { limit, cursor, ...filter } }) {
        const parked = await parking.list(filter, { limit, after: cursor })
        return reply(200, toPage(parked, limit, parkedKey, viewParked))
      },
    }),
    ...sagaEndpoints(options, contracts.order, {
      sagas: 'orders',
      absent: 'ORDER_NOT_FOUND',
      notParked: 'ORDER_NOT_PARKED',
    }),
    ...sagaEndpoints(options, contracts.transfer, {
      sagas: 'transfers',
      absent: 'TRANSFER_NOT_FOUND',
      notParked: 'TRANSFER_NOT_PARKED',
    }),
    ...sagaEndpoints(options, contracts.return, {
      sagas: 'returns',
      absent: 'RETURN_NOT_FOUND',
      notParked: 'RETURN_NOT_PARKED',
    }),
  ]
}

interface SagaWords {
  sagas: string
  absent: ProblemCode
  notParked: ProblemCode
}

function sagaEndpoints(
  { parking, starter }: ParkedResources,
  contract: SagaContract,
  { sagas, absent, notParked }: SagaWords,
): Endpoint[] {
  const requireKnown = async (id: string, step: string | undefined) => {
    const definition = await parking.definitionOf(contract.kind, id)
    if (definition === undefined) throw new HttpProblem(absent)
    requireKnownStep(step, contract.steps.get(definition))
  }
  const wakeAfter = (verdict: Verdict) => {
    requireAccepted(verdict, notParked)
    starter.wake()
    return ACCEPTED
  }
  const common = {
    params: uuidInPath,
    absent,
    answers: { 202: { description: 'Accepted, and recorded with its reason.', schema: accepted } },
  } as const
  return [
    endpoint({
      method: 'post',
      path: `/operations/${sagas}/{id}/retry`,
      summary: `Try a parked step again, of one of the ${sagas}`,
      ...common,
      body: retryRequest,
      problems: ['UNKNOWN_STEP', notParked],
      async handle({ params: { id }, body: { step, reason }, principal }) {
        await requireKnown(id, step)
        return wakeAfter(await parking.retry(id, step, { actor: principal.subject, reason }))
      },
    }),
    endpoint({
      method: 'post',
      path: `/operations/${sagas}/{id}/skip`,
      summary: `Give a parked step up, of one of the ${sagas}`,
      ...common,
      body: skipRequest,
      problems: ['UNKNOWN_STEP', 'STEP_NOT_SKIPPABLE', 'COMPENSATION_IN_PROGRESS', notParked],
      async handle({ params: { id }, body: { step, reason }, principal }) {
        await requireKnown(id, step)
        return wakeAfter(await parking.skip(id, step, { actor: principal.subject, reason }))
      },
    }),
  ]
}

type Verdict = 'accepted' | 'in_progress' | 'not_parked' | 'not_skippable' | 'unknown'

function requireAccepted(verdict: Verdict, notParked: ProblemCode): void {
  switch (verdict) {
    case 'accepted':
      return
    case 'unknown':
      throw new Error('A saga that was there is gone')
    case 'not_parked':
      throw new HttpProblem(notParked, 'Nothing of it is parked, or not this step.')
    case 'in_progress':
      throw new HttpProblem(
        'COMPENSATION_IN_PROGRESS',
        'An attempt at this compensation is under way, and may succeed. Ask again in ten seconds.',
      )
    case 'not_skippable':
      throw new HttpProblem(
        'STEP_NOT_SKIPPABLE',
        'Without this step it has no end: it can only be tried again.',
      )
  }
}

function viewParked({ id, since, ...parked }: ParkedStep) {
  return { ...parked, [`${parked.kind}Id`]: id, since: since.toISOString() }
}
