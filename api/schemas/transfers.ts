import { SAGA_STATUSES } from '../../domain/saga/status.ts'
import { definition, reason, step, workflow } from './saga.ts'
import { amountMinor, asOfQuery, customerId, text, time, z } from './shared.ts'

/** As large as an amount may be in one go: a hundred billion, in whole units of a currency with cents. */
const AMOUNT_MAX = 10_000_000_000_000

const accountId = text().regex(/^[A-Za-z0-9_-]{1,64}$/, '1 to 64 letters, digits, _ or -.')
const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'Three capital letters.')
  .openapi({ example: 'EUR' })
const amount = amountMinor.min(1).max(AMOUNT_MAX)

export const accountRequest = z
  .strictObject({
    id: accountId.optional().openapi({ description: 'Made up when it is left out.', example: 'acc_alice' }),
    ownerId: text().pipe(customerId),
    currency,
    openingBalanceMinor: amountMinor.min(0).max(AMOUNT_MAX).default(0),
  })
  .openapi('AccountRequest')

const expectedVersion = z
  .int()
  .min(1)
  .openapi({ description: 'The version that you have seen. Refused (409 VERSION_CONFLICT) at any other.' })

export const moneyRequest = z
  .strictObject({ amountMinor: amount, currency, expectedVersion })
  .openapi('MoneyRequest')

export const accountChange = z.strictObject({ expectedVersion }).openapi('AccountChange')

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

export const accountQuery = z.strictObject(asOfQuery)

export const transferRequest = z
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
    definition,
    status: z.enum(SAGA_STATUSES),
    reason,
    steps: z.array(step),
    version: z.int().openapi({ description: 'The version of its newest event.' }),
    createdAt: time,
    updatedAt: time,
    deadlineAt: time,
    workflow,
  })
  .openapi('Transfer')
