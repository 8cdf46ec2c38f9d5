import { SAGA_STATUSES } from '../../domain/saga/status.ts'
import { amountMinor, customerId, page, pageQuery, sku, time, version, z } from './shared.ts'

/** Every answer of a read model says how fresh it is. */
const freshness = {
  asOf: time.openapi({
    description: 'Everything recorded before this has taken effect in the answer, but for streams set aside.',
  }),
  lagMs: z.int().openapi({ description: 'Milliseconds between `asOf` and now.' }),
  streamsSetAside: z
    .int()
    .openapi({ description: 'Streams with a dead letter: the answer tells nothing newer of them.' }),
}

/** How a client reads its own writes. */
export const freshQuery = {
  minVersion: version.optional().openapi({
    type: 'integer',
    minimum: 1,
    description:
      'Waits until everything recorded before the request is in the answer; with `orderId`, until that order is at ' +
      'this version. 503 READ_MODEL_BEHIND after 5 seconds.',
  }),
  orderId: z.uuid().optional(),
}

type Fresh = { minVersion?: number | undefined; orderId?: string | undefined }
const needsVersion = <T extends z.ZodType<Fresh>>(schema: T) =>
  schema.refine(({ orderId, minVersion }) => orderId === undefined || minVersion !== undefined, {
    path: ['orderId'],
    message: 'Needs minVersion.',
  })

const uuidCursor = pageQuery.cursor.pipe(z.uuid().optional())

export const customerOrdersQuery = needsVersion(
  z.strictObject({ ...pageQuery, ...freshQuery, cursor: uuidCursor }),
)

export const orderSearchQuery = needsVersion(
  z.strictObject({
    customerId: customerId.optional(),
    status: z.enum(SAGA_STATUSES).optional(),
    sku: sku.optional(),
    ...pageQuery,
    ...freshQuery,
    cursor: uuidCursor,
  }),
)

const day = z.iso
  .date()
  .refine((date) => !date.startsWith('0000'), 'Before the year 1.')
  .openapi({ format: 'date', example: '2026-11-22' })

export const salesQuery = needsVersion(
  z
    .strictObject({ from: day.optional(), to: day.optional(), sku: sku.optional(), ...freshQuery })
    .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
      path: ['from'],
      message: 'Is after `to`.',
    }),
)

export const freshOnlyQuery = needsVersion(z.strictObject(freshQuery))

const orderSummary = z
  .object({
    id: z.uuid(),
    customerId: z.string(),
    status: z.enum(SAGA_STATUSES),
    reason: z.object({ code: z.string(), step: z.string() }).nullable(),
    currency: z.string(),
    totalMinor: amountMinor,
    chargedMinor: amountMinor.openapi({ description: 'What is charged and not refunded.' }),
    lines: z.array(z.object({ sku: z.string(), quantity: z.int(), unitPriceMinor: amountMinor })),
    steps: z.object({
      done: z.array(z.string()).openapi({ description: 'Also those that were undone later.' }),
      undone: z.array(z.string()),
      skipped: z.array(z.string()),
      parked: z.array(z.string()),
    }),
    version: z.int(),
    placedAt: time,
    updatedAt: time,
  })
  .openapi('OrderSummary')

export const orderSummaries = page(orderSummary).extend(freshness).openapi('OrderSummaries')

export const salesReport = z
  .object({
    data: z.array(
      z.object({
        day: z.string(),
        sku: z.string(),
        quantity: z.int(),
        revenueMinor: amountMinor,
        currency: z.string(),
      }),
    ),
    ...freshness,
  })
  .openapi('SalesReport')

export const stockReport = z
  .object({
    data: z.array(z.object({ sku: z.string(), available: z.int(), reserved: z.int(), sold: z.int() })),
    ...freshness,
  })
  .openapi('StockReport')

export const overview = z
  .object({
    orders: z.record(z.enum(SAGA_STATUSES), z.int()),
    atRisk: z
      .array(z.object({ currency: z.string(), amountMinor, orders: z.int() }))
      .openapi({ description: 'Totals of orders that have not ended and were charged or are parked.' }),
    oldestOpen: z.object({ id: z.uuid(), status: z.enum(SAGA_STATUSES), placedAt: time }).nullable(),
    ...freshness,
  })
  .openapi('OperationsOverview')

export const projectionList = z
  .object({
    data: z.array(
      z.object({
        name: z.string(),
        generation: z
          .int()
          .openapi({ description: 'Of the rows that are read: one more with each rebuild.' }),
        ...freshness,
        streamsSetAside: z
          .int()
          .openapi({ description: 'Of these it tells nothing newer: see the dead letters.' }),
        rebuild: z.object({
          state: z.enum(['none', 'wished', 'running', 'done']),
          rebuiltEvents: z.int(),
          totalEvents: z.int(),
          startedAt: time.nullable(),
          finishedAt: time.nullable(),
        }),
      }),
    ),
  })
  .openapi('Projections')
