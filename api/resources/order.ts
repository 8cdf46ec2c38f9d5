import { toMinor } from '../../domain/money.ts'
import type { PlacedOrder } from '../../domain/order/intake.ts'
import { COORDINATIONS, type Coordination } from '../../domain/saga/coordination.ts'
import type { OrderState } from '../../domain/order/evolve.ts'
import type { OrderRecord } from '../../domain/order/queries.ts'
import type { Loaded } from '../../events/store/aggregate.ts'
import type { SagaContract } from '../../workflows/saga/contract.ts'
import { asPlaced, SAGA_FIELDS, snapshotOf, viewSaga, type SagaSnapshot, type TemporalPlace } from './saga.ts'
import { amountMinor, currency, CUSTOMER_ID, CUSTOMER_ID_FORM, oneLinePerSku } from '../parts.ts'
import { line, word } from '../text.ts'
import { z } from '../zod.ts'
import { COUNTRIES } from './countries.ts'

const LINES_MAX = 100

const addressLine = line(200)

const address = z.strictObject({
  name: addressLine,
  line1: addressLine,
  city: addressLine,
  postalCode: addressLine,
  country: z.enum(COUNTRIES, 'Not a country of ISO 3166-1 (two capital letters).').openapi({ example: 'NL' }),
})

export const orderRequest = z
  .strictObject({
    customerId: word(CUSTOMER_ID, CUSTOMER_ID_FORM).optional().openapi({
      example: 'cus_alice',
      description: 'A customer may leave it out; all others say whose it is.',
    }),
    currency,
    lines: z
      .array(
        z.strictObject({
          // Whether it is in the catalogue is for the catalogue to say.
          sku: line(100).openapi({ example: 'TEA-001' }),
          quantity: z.int().min(1).max(1000).openapi({ example: 2 }),
        }),
      )
      .min(1)
      .max(LINES_MAX)
      .superRefine(oneLinePerSku)
      .openapi({ description: 'One line per SKU: a SKU on two lines is refused (422).' }),
    paymentMethod: word(/^pm_[a-z0-9_]{1,60}$/, 'An opaque token, pm_….').openapi({ example: 'pm_ok' }),
    shipping: z
      .strictObject({
        service: word(/^[a-z][a-z0-9_]{0,39}$/, 'Lower-case letters, digits and _.').openapi({
          example: 'standard',
        }),
        address,
      })
      .optional()
      .openapi({ description: 'Required, unless every product is digital; it is not kept then.' }),
    coordination: z
      .enum(COORDINATIONS)
      .optional()
      .openapi({
        description:
          'Who decides what comes next: a workflow, or each participant when it sees the events of the others. Default ' +
          '`orchestration`.',
      }),
    giftWrap: z.boolean().optional().openapi({
      description: 'Adds the step `wrapGift`.',
      example: false,
    }),
    expectedTotalMinor: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional().openapi({
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
    currency: z.string(),
    totalMinor: amountMinor,
    lines: z.array(z.object({ sku: z.string(), quantity: z.int(), unitPriceMinor: amountMinor })),
    giftWrap: z.boolean(),
    ...SAGA_FIELDS,
    coordination: z.enum(COORDINATIONS),
    workflow: SAGA_FIELDS.workflow.nullable().openapi({ description: 'Null for a choreographed order.' }),
  })
  .openapi('Order')

/** An order as the API shows it. */
export const viewOrder = (contract: SagaContract, order: OrderRecord, temporal: TemporalPlace) =>
  view(contract, partsOf(order), snapshotOf(order.saga), temporal)

/** The order as the fold of its events says that it was. */
export const viewPastOrder = (
  contract: SagaContract,
  order: OrderRecord,
  past: Loaded<OrderState>,
  temporal: TemporalPlace,
) => view(contract, partsOf(order), pastSnapshot(order, past), temporal)

/** The order as it was when it was placed: the first answer to its request, and every later one to the same request. */
export const viewPlacedOrder = (contract: SagaContract, order: PlacedOrder, temporal: TemporalPlace) =>
  view(contract, order, asPlaced(order), temporal)

/** The part of an order that never changes. */
type OrderParts = Pick<
  PlacedOrder,
  'customerId' | 'currency' | 'totalMinor' | 'lines' | 'giftWrap' | 'coordination'
>

const partsOf = ({ customerId, currency, totalMinor, lines, giftWrap, saga }: OrderRecord): OrderParts => ({
  // The database lets in no other.
  coordination: saga.coordination as Coordination,
  customerId,
  currency,
  giftWrap,
  totalMinor: toMinor(totalMinor),
  lines: lines.map((line) => ({ ...line, unitPriceMinor: toMinor(line.unitPriceMinor) })),
})

function view(
  contract: SagaContract,
  { customerId, currency, totalMinor, lines, giftWrap, coordination }: OrderParts,
  saga: SagaSnapshot,
  temporal: TemporalPlace,
) {
  const { workflow, ...shown } = viewSaga(contract, saga, temporal)
  return {
    id: saga.id,
    customerId,
    currency,
    totalMinor,
    lines: lines.map(({ sku, quantity, unitPriceMinor }) => ({ sku, quantity, unitPriceMinor })),
    giftWrap,
    ...shown,
    coordination,
    workflow: coordination === 'choreography' ? null : workflow,
  }
}

/** What the events do not say (attempts, our sentence about the reason) is taken from the rows. */
function pastSnapshot(
  { saga }: OrderRecord,
  { state, version, recordedAt }: Loaded<OrderState>,
): SagaSnapshot {
  const today = snapshotOf(saga)
  const { status, reason } = state
  const isNamed = (name: string) => state.steps.some(({ step }) => step === name)
  const failed = today.steps.filter(({ step }) => step === reason?.step && !isNamed(step))
  const attemptsAt = (name: string) => today.steps.find(({ step }) => step === name)?.attempts ?? 0
  return {
    ...today,
    status,
    reason: reason === null ? null : { ...reason, detail: today.reason?.detail ?? null },
    version,
    updatedAt: recordedAt ?? today.createdAt,
    steps: [
      ...state.steps.map((fold) => ({ ...fold, attempts: attemptsAt(fold.step) })),
      ...failed.map((snapshot) => ({ ...snapshot, state: 'refused' })),
    ],
  }
}
