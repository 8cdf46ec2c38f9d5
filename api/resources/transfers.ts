import type { Accounts } from '../../domain/account/accounts.ts'
import { toMinor } from '../../domain/money.ts'
import type { Journal } from '../../domain/saga/journal.ts'
import { SAGA_STATUSES } from '../../domain/saga/status.ts'
import type { createTransferIntake, TransferRequest } from '../../domain/transfer/intake.ts'
import type { TransferQueries, TransferRecord } from '../../domain/transfer/queries.ts'
import type { EventStore } from '../../events/store/store.ts'
import type { SagaContract } from '../../workflows/saga/contract.ts'
import type { SagaStarter } from '../../dispatch/starter.ts'
import { createBound } from '../back-pressure.ts'
import type { Contracts } from '../contracts.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { keyScopeOf, ownerActedFor, ownerSeenBy } from '../identity/principal.ts'
import { amountMinor, currency, page, pageQuery, toPage, uuidInPath } from '../parts.ts'
import { HttpProblem } from '../problem.ts'
import { z } from '../zod.ts'
import { accountId, amount } from './accounts.ts'
import { sagaEventsEndpoint } from './events.ts'
import { IDEMPOTENCY, PLACED_HEADERS, placedHeaders } from './idempotency.ts'
import {
  asPlaced,
  cancelRequest,
  SAGA_FIELDS,
  snapshotOf,
  viewSaga,
  type SagaSnapshot,
  type TemporalPlace,
} from './saga.ts'

const transferRequest = z
  .strictObject({
    sourceAccountId: accountId,
    destinationAccountId: accountId,
    amountMinor: amount,
    currency,
  })
  .refine(({ sourceAccountId, destinationAccountId }) => sourceAccountId !== destinationAccountId, {
    path: ['destinationAccountId'],
    message: 'Money is transferred to another account.',
  })
  .openapi('TransferRequest')

export const transfer = z
  .object({
    id: z.uuid(),
    sourceAccountId: z.string(),
    destinationAccountId: z.string(),
    amountMinor,
    currency: z.string(),
    ...SAGA_FIELDS,
  })
  .openapi('Transfer')

const transferListQuery = z.strictObject({
  status: z.enum(SAGA_STATUSES).optional(),
  accountId: accountId.optional().openapi({ description: 'Its source or its destination.' }),
  ...pageQuery({ cursor: z.uuid().optional() }),
})

export interface TransferResources {
  contracts: Contracts
  accounts: Accounts
  transferIntake: ReturnType<typeof createTransferIntake>
  transferQueries: TransferQueries
  transferJournal: Journal
  store: EventStore
  starter: SagaStarter
  /** Transfers taken in at once; the rest is refused. */
  intakeMax: number
  temporal: TemporalPlace
}

const A_TRANSFER = { params: uuidInPath, absent: 'TRANSFER_NOT_FOUND' } as const

/** The second saga. */
export function transferEndpoints({
  accounts,
  transferIntake,
  transferQueries,
  transferJournal,
  store,
  starter,
  temporal,
  intakeMax,
  contracts: { transfer: contract },
}: TransferResources): Endpoint[] {
  const find = async (id: string, owner: string | undefined): Promise<TransferRecord> => {
    const found = await transferQueries.find(id, owner)
    if (found === null) throw new HttpProblem('TRANSFER_NOT_FOUND')
    return found
  }
  const viewRecord = ({ saga, amountMinor, ...parts }: TransferRecord) =>
    viewTransfer(contract, { ...parts, amountMinor: toMinor(amountMinor) }, snapshotOf(saga), temporal)
  return [
    endpoint({
      method: 'post',
      path: '/transfers',
      summary: 'Transfer money from one account to another',
      headers: IDEMPOTENCY,
      body: transferRequest,
      invalid: 'INVALID_TRANSFER',
      bound: createBound(intakeMax),
      answers: {
        202: {
          description: 'Accepted: it will end completed, rejected or cancelled.',
          schema: transfer,
          headers: PLACED_HEADERS,
        },
      },
      problems: ['IDEMPOTENCY_KEY_IN_USE', 'IDEMPOTENCY_KEY_REUSED', 'INTAKE_PAUSED'],
      async handle({ body, sent, headers, principal }) {
        const owner = ownerActedFor(principal)
        if (owner !== undefined && (await accounts.find(body.sourceAccountId, {}, owner)) === undefined)
          throw new HttpProblem('FORBIDDEN', 'A customer transfers money out of its own accounts.')
        const placed = await transferIntake.place(
          keyScopeOf(principal),
          headers['Idempotency-Key'],
          body,
          sent,
        )
        if (!placed.isReplay) starter.start(placed)
        return reply(
          202,
          viewTransfer(contract, body, asPlaced(placed), temporal),
          placedHeaders('transfers', placed.id, placed.isReplay),
        )
      },
    }),
    endpoint({
      method: 'get',
      path: '/transfers',
      summary: 'List transfers, newest first',
      query: transferListQuery,
      answers: { 200: { description: 'A page of them.', schema: page(transfer).openapi('TransferList') } },
      async handle({ query: { limit, cursor, ...filter }, principal }) {
        const page = { limit, after: cursor }
        const transfers = await transferQueries.list(filter, page, ownerSeenBy(principal))
        return reply(
          200,
          toPage(transfers, limit, ({ id }) => id, viewRecord),
        )
      },
    }),
    endpoint({
      method: 'get',
      path: '/transfers/{id}',
      summary: 'A transfer and its steps',
      ...A_TRANSFER,
      answers: { 200: { description: 'The transfer.', schema: transfer } },
      handle: async ({ params, principal }) =>
        reply(200, viewRecord(await find(params.id, ownerSeenBy(principal)))),
    }),
    sagaEventsEndpoint({
      sagas: '/transfers',
      one: 'a transfer',
      absent: 'TRANSFER_NOT_FOUND',
      kind: contract.kind,
      store,
      find,
    }),
    endpoint({
      method: 'post',
      path: '/transfers/{id}/cancel',
      summary: 'Cancel a transfer',
      ...A_TRANSFER,
      body: cancelRequest,
      isBodyOptional: true,
      answers: {
        200: { description: 'It was cancelled already.', schema: transfer },
        202: {
          description: 'The wish is recorded: unless it is already compensating, it will end cancelled.',
          schema: transfer,
        },
      },
      problems: ['TRANSFER_NOT_CANCELLABLE'],
      async handle({ params, body: { reason }, principal }) {
        const { id } = await find(params.id, ownerActedFor(principal))
        const verdict = await transferJournal.cancel(id, principal.subject, reason)
        if (verdict === 'too_late')
          throw new HttpProblem('TRANSFER_NOT_CANCELLABLE', 'The transfer is completed or rejected.')
        starter.wake()
        return reply(
          verdict === 'cancelled' ? 200 : 202,
          viewRecord(await find(id, ownerActedFor(principal))),
        )
      },
    }),
  ]
}

function viewTransfer(
  contract: SagaContract,
  parts: TransferRequest,
  saga: SagaSnapshot,
  temporal: TemporalPlace,
) {
  const { sourceAccountId, destinationAccountId, amountMinor, currency } = parts
  return {
    id: saga.id,
    sourceAccountId,
    destinationAccountId,
    amountMinor,
    currency,
    ...viewSaga(contract, saga, temporal),
  }
}
