import { v7 as uuid } from 'uuid'
import type { AccountCommand } from '../../domain/account/account.ts'
import { accountStream, type Account, type Accounts } from '../../domain/account/accounts.ts'
import type { EventStore } from '../../events/store/store.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import {
  amountMinor,
  asOfQuery,
  currency,
  CUSTOMER_ID,
  CUSTOMER_ID_FORM,
  page,
  pageQuery,
  toPage,
} from '../parts.ts'
import { ownerSeenBy } from '../identity/principal.ts'
import { HttpProblem, type ProblemCode } from '../problem.ts'
import { word } from '../text.ts'
import { z } from '../zod.ts'
import { eventList, eventPageQuery, readEvents } from './events.ts'
import { READERS } from './freshness.ts'

/** As large as an amount may be in one go: a hundred billion, in whole units of a currency with cents. */
const AMOUNT_MAX = 10_000_000_000_000

const ACCOUNT_ID = /^[A-Za-z0-9_-]{1,64}$/

export const accountId = word(ACCOUNT_ID, '1 to 64 letters, digits, _ or -.')
export const amount = amountMinor.min(1).max(AMOUNT_MAX)

const accountRequest = z
  .strictObject({
    id: accountId.optional().openapi({ description: 'Made up when it is left out.', example: 'acc_alice' }),
    ownerId: word(CUSTOMER_ID, CUSTOMER_ID_FORM).openapi({ example: 'cus_alice' }),
    currency,
    openingBalanceMinor: amountMinor.min(0).max(AMOUNT_MAX).default(0),
  })
  .openapi('AccountRequest')

const expectedVersion = z
  .int()
  .min(1)
  .max(Number.MAX_SAFE_INTEGER)
  .openapi({ description: 'The version that you have seen. Refused (409 VERSION_CONFLICT) at any other.' })

const moneyRequest = z
  .strictObject({ amountMinor: amount, currency, expectedVersion })
  .openapi('MoneyRequest')
const accountChange = z.strictObject({ expectedVersion }).openapi('AccountChange')

export const account = z
  .object({
    id: z.string(),
    ownerId: z.string(),
    status: z.enum(['open', 'frozen', 'closed']),
    currency: z.string(),
    balanceMinor: amountMinor,
    version: z.int().openapi({ description: 'The version of its newest event.' }),
  })
  .openapi('Account')

const AN_ACCOUNT = {
  params: z.object({ id: z.string().regex(ACCOUNT_ID) }),
  absent: 'ACCOUNT_NOT_FOUND',
} as const

const MONEY_PROBLEMS = [
  'ACCOUNT_NOT_FOUND',
  'VERSION_CONFLICT',
  'ACCOUNT_CLOSED',
  'ACCOUNT_FROZEN',
  'CURRENCY_MISMATCH',
] as const satisfies ProblemCode[]

const MOVEMENTS = [
  { kind: 'deposit', summary: 'Put money on an account', problem: 'BALANCE_TOO_LARGE' },
  { kind: 'withdraw', summary: 'Take money off an account', problem: 'INSUFFICIENT_FUNDS' },
] as const

const CHANGES = [
  { kind: 'freeze', summary: 'Let no money on or off an account', problem: 'ACCOUNT_CLOSED' },
  { kind: 'unfreeze', summary: 'Let money on and off again', problem: 'ACCOUNT_NOT_FROZEN' },
  { kind: 'close', summary: 'Close an empty account for good', problem: 'BALANCE_NOT_ZERO' },
] as const

const AS_IT_IS_NOW = { 200: { description: 'The account as it is now.', schema: account } } as const

export interface AccountResources {
  accounts: Accounts
  store: EventStore
}

/** Event-sourced accounts. Each change names the version that it is made on, so a repeated request is refused. */
export function accountEndpoints({ accounts, store }: AccountResources): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/accounts',
      summary: 'Open an account',
      body: accountRequest,
      invalid: 'INVALID_ACCOUNT',
      answers: {
        201: { description: 'Opened.', schema: account, headers: z.object({ Location: z.string() }) },
      },
      problems: ['ACCOUNT_EXISTS'],
      async handle({ body: { id = uuid(), ownerId, currency, openingBalanceMinor: amountMinor } }) {
        const commands: AccountCommand[] = [{ kind: 'open', ownerId, currency }]
        if (amountMinor > 0) commands.push({ kind: 'deposit', amountMinor, currency })
        const opened = await accounts.execute(id, undefined, commands)
        return reply(201, viewAccount(opened), { location: `/accounts/${id}` })
      },
    }),
    endpoint({
      method: 'get',
      path: '/accounts',
      summary: 'List accounts, by id',
      query: z.strictObject(pageQuery({ cursor: z.string().regex(ACCOUNT_ID).optional() })),
      bound: READERS,
      answers: { 200: { description: 'A page of them.', schema: page(account).openapi('AccountList') } },
      async handle({ query: { limit, cursor }, principal }) {
        const found = await accounts.list({ limit, after: cursor }, ownerSeenBy(principal))
        return reply(
          200,
          toPage(found, limit, ({ id }) => id, viewAccount),
        )
      },
    }),
    endpoint({
      method: 'get',
      path: '/accounts/{id}',
      summary: 'An account, now or as it was',
      ...AN_ACCOUNT,
      query: z.strictObject(asOfQuery),
      answers: { 200: { description: 'The account.', schema: account } },
      async handle({ params, query: { asOfVersion: version, asOf: time }, principal }) {
        const found = await accounts.find(params.id, { version, time }, ownerSeenBy(principal))
        if (found === undefined) throw new HttpProblem('ACCOUNT_NOT_FOUND')
        return reply(200, viewAccount(found))
      },
    }),
    endpoint({
      method: 'get',
      path: '/accounts/{id}/events',
      summary: 'What happened to an account',
      ...AN_ACCOUNT,
      query: z.strictObject({ ...asOfQuery, ...eventPageQuery }),
      answers: { 200: { description: 'Its events, from version 1 without gaps.', schema: eventList } },
      async handle({ params, query: { asOfVersion: version, asOf: time, ...window }, principal }) {
        const owner = ownerSeenBy(principal)
        if (owner !== undefined && (await accounts.find(params.id, {}, owner)) === undefined)
          throw new HttpProblem('ACCOUNT_NOT_FOUND')
        const events = await readEvents(store, accountStream(params.id), { version, time, ...window })
        if (events.data.length === 0) throw new HttpProblem('ACCOUNT_NOT_FOUND')
        return reply(200, events)
      },
    }),
    ...MOVEMENTS.map(({ kind, summary, problem }) =>
      endpoint({
        method: 'post',
        path: `/accounts/{id}/${kind}`,
        summary,
        ...AN_ACCOUNT,
        body: moneyRequest,
        answers: AS_IT_IS_NOW,
        problems: [...MONEY_PROBLEMS, problem],
        async handle({ params, body: { expectedVersion, ...money } }) {
          const changed = await accounts.execute(params.id, expectedVersion, [{ kind, ...money }])
          return reply(200, viewAccount(changed))
        },
      }),
    ),
    ...CHANGES.map(({ kind, summary, problem }) =>
      endpoint({
        method: 'post',
        path: `/accounts/{id}/${kind}`,
        summary,
        ...AN_ACCOUNT,
        body: accountChange,
        answers: AS_IT_IS_NOW,
        problems: ['VERSION_CONFLICT', problem],
        async handle({ params, body: { expectedVersion } }) {
          const changed = await accounts.execute(params.id, expectedVersion, [{ kind }])
          return reply(200, viewAccount(changed))
        },
      }),
    ),
  ]
}

const viewAccount = ({ id, ownerId, status, currency, balanceMinor, version }: Account) => ({
  id,
  ownerId,
  status,
  currency,
  balanceMinor,
  version,
})
