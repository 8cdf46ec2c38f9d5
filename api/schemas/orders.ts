import { SAGA_STATUSES } from '../../domain/saga/status.ts'
import { isCountryCode } from './countries.ts'
import { definition, reason, step, workflow } from './saga.ts'
import {
  CUSTOMER_ID,
  CUSTOMER_ID_FORM,
  amountMinor,
  asOfQuery,
  customerId,
  page,
  pageQuery,
  prose,
  text,
  time,
  z,
} from './shared.ts'

const LINES_MAX = 100

const address = z.strictObject({
  name: prose(200),
  line1: prose(200),
  city: prose(200),
  postalCode: prose(200),
  country: z
    .string()
    .refine(isCountryCode, 'Not a country of ISO 3166-1 (two capital letters).')
    .openapi({ example: 'NL' }),
})

export const orderRequest = z
  .strictObject({
    customerId: text().regex(CUSTOMER_ID, CUSTOMER_ID_FORM).openapi({ example: 'cus_alice' }),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'Three capital letters.')
      .openapi({ example: 'EUR' }),
    lines: z
      .array(
        z.strictObject({
          // Whether it is in the catalogue is for the catalogue to say.
          sku: text().min(1).max(100).openapi({ example: 'TEA-001' }),
          quantity: z.int().min(1).max(1000).openapi({ example: 2 }),
        }),
      )
      .min(1)
      .max(LINES_MAX)
      .superRefine((lines, context) => {
        const seen = new Set<string>()
        for (const [index, { sku }] of lines.entries()) {
          if (seen.has(sku))
            context.addIssue({
              code: 'custom',
              path: [index, 'sku'],
              message: 'This SKU is on an earlier line.',
            })
          seen.add(sku)
        }
      })
      .openapi({ description: 'One line per SKU: a SKU on two lines is refused (422).' }),
    paymentMethod: text()
      .regex(/^pm_[a-z0-9_]{1,60}$/, 'An opaque token, pm_….')
      .openapi({ example: 'pm_ok' }),
    shipping: z.strictObject({
      service: text()
        .regex(/^[a-z][a-z0-9_]{0,39}$/, 'Lower-case letters, digits and _.')
        .openapi({ example: 'standard' }),
      address,
    }),
    expectedTotalMinor: z.int().min(0).optional().openapi({
      description: 'Refused (422 TOTAL_MISMATCH) when the catalogue’s total differs.',
      example: 1590,
    }),
    deadlineSeconds: z.int().min(60).max(86_400).optional().openapi({
      description: 'By then the order is past its point of no return, or rejected. Default 1800.',
      example: 1800,
    }),
  })
  .openapi('OrderRequest')

export const order = z
  .object({
    id: z.uuid(),
    customerId: z.string(),
    definition,
    status: z.enum(SAGA_STATUSES),
    reason,
    currency: z.string(),
    totalMinor: amountMinor,
    lines: z.array(z.object({ sku: z.string(), quantity: z.int(), unitPriceMinor: amountMinor })),
    steps: z.array(step),
    version: z.int().openapi({ description: 'The version of its newest event.' }),
    createdAt: time,
    updatedAt: time,
    deadlineAt: time,
    workflow,
  })
  .openapi('Order')

export const orderList = page(order).openapi('OrderList')

export const orderListQuery = z.strictObject({
  status: z.enum(SAGA_STATUSES).optional(),
  customerId: customerId.optional(),
  ...pageQuery,
  cursor: pageQuery.cursor.pipe(z.uuid().optional()),
})

export const orderQuery = z.strictObject(asOfQuery)
export const eventListQuery = z.strictObject({ asOfVersion: asOfQuery.asOfVersion })

export const eventList = z
  .object({
    data: z.array(
      z.object({
        version: z.int(),
        type: z.string(),
        data: z.record(z.string(), z.unknown()),
        recordedAt: time,
      }),
    ),
  })
  .openapi('EventList')

export const cancelRequest = z.strictObject({ reason: prose(500).optional() }).openapi('CancelRequest')

export const history = z
  .object({ events: z.array(z.record(z.string(), z.unknown())) })
  .openapi('WorkflowHistory', { description: 'proto3 JSON, as the Temporal CLI and SDKs replay it.' })
