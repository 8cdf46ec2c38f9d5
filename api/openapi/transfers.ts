import type { OpenAPIRegistry } from '@asteasolutions/zod-to-openapi'
import { eventList } from '../schemas/orders.ts'
import { z } from '../schemas/shared.ts'
import {
  account,
  accountChange,
  accountQuery,
  accountRequest,
  moneyRequest,
  transfer,
  transferRequest,
} from '../schemas/transfers.ts'
import {
  BAD_BODY,
  idempotencyHeader,
  json,
  NOT_TAKEN_IN,
  ok,
  placedHeaders,
  problems,
  sagaId,
  UNAVAILABLE,
} from './parts.ts'
import { registerSagaCancel, registerSagaEvents, type SagaKind } from './saga.ts'

const TRANSFERS: SagaKind = {
  path: 'transfers',
  one: 'a transfer',
  schema: transfer,
  notFound: 'TRANSFER_NOT_FOUND',
  notCancellable: 'TRANSFER_NOT_CANCELLABLE',
}
const accountId = z.object({ id: z.string() })
const NO_SUCH_TRANSFER = { 404: 'TRANSFER_NOT_FOUND' }
const NO_SUCH_ACCOUNT = { 404: 'ACCOUNT_NOT_FOUND' }

const ACCOUNT_CHANGES = {
  deposit: ['Put money on an account', 'ACCOUNT_CLOSED, ACCOUNT_FROZEN'],
  withdraw: ['Take money off an account', 'ACCOUNT_CLOSED, ACCOUNT_FROZEN'],
  freeze: ['Let no money on or off an account', 'ACCOUNT_CLOSED'],
  unfreeze: ['Let money on and off again', 'ACCOUNT_NOT_FROZEN'],
  close: ['Close an empty account for good', 'BALANCE_NOT_ZERO'],
} as const

/** The second saga, and the event-sourced accounts it is about. */
export function registerTransfers(registry: OpenAPIRegistry): void {
  registry.registerPath({
    method: 'post',
    path: '/transfers',
    summary: 'Transfer money from one account to another',
    request: { headers: idempotencyHeader, body: { required: true, ...json(transferRequest) } },
    responses: {
      202: {
        ...ok('Accepted: it will end completed, rejected or cancelled.', transfer),
        headers: placedHeaders,
      },
      ...problems({
        ...BAD_BODY,
        400: 'MALFORMED_JSON, IDEMPOTENCY_KEY_MISSING, IDEMPOTENCY_KEY_INVALID',
        409: 'IDEMPOTENCY_KEY_IN_USE',
        422: 'INVALID_TRANSFER, IDEMPOTENCY_KEY_REUSED',
        ...NOT_TAKEN_IN,
      }),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/transfers/{id}',
    summary: 'A transfer and its steps',
    request: { params: sagaId },
    responses: { 200: ok('The transfer.', transfer), ...problems({ ...NO_SUCH_TRANSFER, ...UNAVAILABLE }) },
  })
  registerSagaEvents(registry, TRANSFERS)
  registerSagaCancel(registry, TRANSFERS)
  registry.registerPath({
    method: 'post',
    path: '/accounts',
    summary: 'Open an account',
    request: { body: { required: true, ...json(accountRequest) } },
    responses: {
      201: { ...ok('Opened.', account), headers: z.object({ Location: z.string() }) },
      ...problems({ ...BAD_BODY, 409: 'ACCOUNT_EXISTS', 422: 'INVALID_ACCOUNT', ...UNAVAILABLE }),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/accounts/{id}',
    summary: 'An account, now or as it was',
    request: { params: accountId, query: accountQuery },
    responses: {
      200: ok('The account.', account),
      ...problems({ 400: 'INVALID_PARAMETER', ...NO_SUCH_ACCOUNT, ...UNAVAILABLE }),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/accounts/{id}/events',
    summary: 'What happened to an account',
    request: { params: accountId, query: accountQuery },
    responses: {
      200: ok('Its events, from version 1 without gaps.', eventList),
      ...problems({ 400: 'INVALID_PARAMETER', ...NO_SUCH_ACCOUNT, ...UNAVAILABLE }),
    },
  })
  for (const [change, [summary, refusals]] of Object.entries(ACCOUNT_CHANGES)) {
    const isOfMoney = change === 'deposit' || change === 'withdraw'
    registry.registerPath({
      method: 'post',
      path: `/accounts/{id}/${change}`,
      summary,
      request: {
        params: accountId,
        body: { required: true, ...json(isOfMoney ? moneyRequest : accountChange) },
      },
      responses: {
        200: ok('The account as it is now.', account),
        ...problems({
          ...BAD_BODY,
          ...NO_SUCH_ACCOUNT,
          409: `VERSION_CONFLICT, ${refusals}`,
          422: isOfMoney
            ? 'INVALID_REQUEST, CURRENCY_MISMATCH, INSUFFICIENT_FUNDS, BALANCE_TOO_LARGE'
            : 'INVALID_REQUEST',
          ...UNAVAILABLE,
        }),
      },
    })
  }
}
