import { REASON_CODES } from '../../domain/order/reasons.ts'
import { SAGA_STATUSES } from '../../domain/saga/status.ts'
import type { SagaContract } from '../../workflows/saga/contract.ts'
import { customerId, moment, pageQuery } from '../parts.ts'
import { z } from '../zod.ts'

const INCLUDED = 'A bound, included. Bounds that are the wrong way round are refused.'

/** A total in a query. */
const total = z
  .string()
  .regex(/^\d{1,16}$/)
  .transform(Number)
  .pipe(z.int())
  .openapi({
    type: 'integer',
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: `In minor units. ${INCLUDED}`,
  })

const time = moment.openapi({ type: 'string', format: 'date-time', description: INCLUDED })

/** What a list of orders may be asked for: all of it must be so. */
export const orderListQuery = (contract: SagaContract) =>
  z
    .strictObject({
      status: z.enum(SAGA_STATUSES).optional(),
      customerId: customerId.optional(),
      reasonCode: z.enum(REASON_CODES).optional(),
      step: z
        .enum([...contract.steps.values()].flatMap((steps) => steps.map(({ name }) => name)))
        .optional()
        .openapi({
          description:
            'The step that waits, is parked or has failed; also when it is its compensation that waits or is parked.',
        }),
      createdFrom: time.optional(),
      createdTo: time.optional(),
      minTotalMinor: total.optional(),
      maxTotalMinor: total.optional(),
      ...pageQuery({ cursor: z.uuid().toLowerCase().optional() }),
    })
    .refine(({ createdFrom, createdTo }) => isInOrder(createdFrom, createdTo), {
      path: ['createdFrom'],
      message: 'Is after `createdTo`.',
    })
    .refine(({ minTotalMinor, maxTotalMinor }) => isInOrder(minTotalMinor, maxTotalMinor), {
      path: ['minTotalMinor'],
      message: 'Is more than `maxTotalMinor`.',
    })

const isInOrder = <T extends number | Date>(low: T | undefined, high: T | undefined) =>
  low === undefined || high === undefined || low <= high
