import { perProvider } from '../../providers.ts'
import { amountMinor, page, pageQuery, prose, text, time, z } from './shared.ts'

const errorClass = z.string().regex(/^[A-Z][A-Z0-9_]{0,59}$/)
const stepName = z.string().regex(/^[A-Za-z]{1,60}$/)

/** Why: it is kept with what was done, so it is required. */
const reason = prose(500)

export const parkedStep = z
  .object({
    kind: z.enum(['order', 'transfer']),
    orderId: z.uuid().optional().openapi({ description: 'Of an order.' }),
    transferId: z.uuid().optional().openapi({ description: 'Of a transfer.' }),
    step: z.string().openapi({ description: 'The step, also when it is its compensation that is parked.' }),
    errorClass: z.string(),
    attempts: z.int(),
    since: time,
    amountMinor: amountMinor.openapi({
      description: 'What it is worth: it is at risk until the step is settled.',
    }),
  })
  .openapi('ParkedStep')

export const parkedList = page(parkedStep).openapi('ParkedList')

export const parkedListQuery = z.strictObject({
  step: stepName.optional(),
  errorClass: errorClass.optional(),
  ...pageQuery,
  cursor: pageQuery.cursor.pipe(
    z
      .string()
      .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [0-9a-f-]{36} [A-Za-z]{1,60}$/)
      .optional(),
  ),
})

export const retryRequest = z
  .strictObject({ step: text().max(60).optional(), reason })
  .openapi('RetryRequest')
export const skipRequest = z.strictObject({ step: text().max(60), reason }).openapi('SkipRequest')

export const retryBatchRequest = z
  .strictObject({
    filter: z.strictObject({ step: stepName.optional(), errorClass: errorClass.optional() }),
    rampPercent: z.int().min(1).max(100).default(10).openapi({
      description: 'How much of it goes at once; the next wave goes when the last one went well.',
    }),
    reason,
  })
  .openapi('RetryBatchRequest')

export const retryBatch = z
  .object({
    id: z.uuid(),
    status: z
      .enum(['running', 'done', 'stopped'])
      .openapi({ description: '`stopped`: the failures came back.' }),
    filter: z.object({ step: z.string().optional(), errorClass: z.string().optional() }),
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

export const dependencies = z
  .object({
    data: z.array(
      z.object({
        provider: z.string(),
        breaker: z.enum(['closed', 'open', 'half-open', 'unknown']),
        bulkhead: z.object({ limit: z.int(), inUse: z.int() }),
        waiting: z.int().openapi({ description: 'Orders that wait for it.' }),
      }),
    ),
  })
  .openapi('Dependencies')

const breakers = z.enum(['auto', 'open']).openapi({
  description: '`open`: the provider is not called, forward or back. `auto`: its breaker decides.',
})

const intake = z
  .enum(['open', 'paused'])
  .openapi({ description: '`paused`: new orders and transfers are answered with 503 `INTAKE_PAUSED`.' })

/** Steps that can be paused at once; there are fewer. */
const PAUSED_MAX = 100

export const maintenanceRequest = z
  .strictObject({
    intake: intake.optional(),
    breakers: z.strictObject(perProvider(() => breakers.optional())).optional(),
    pausedSteps: z.array(text().max(60)).max(PAUSED_MAX).optional().openapi({
      description: 'Replaces the list. These steps do not go forward; their compensations do.',
    }),
    reason,
  })
  .openapi('MaintenanceRequest', { description: 'What is not named stays as it is.' })

export const maintenance = z
  .object({
    intake,
    breakers: z.object(perProvider(() => breakers)),
    pausedSteps: z.array(z.string()),
    reason: z.string().nullable().openapi({ description: 'Of the last change; null before any.' }),
  })
  .openapi('Maintenance')

export const invariants = z
  .object({
    ok: z.boolean(),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
  })
  .openapi('Invariants')
