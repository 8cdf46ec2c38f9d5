import { loyaltyKey, type createLoyalty, type LoyaltyEntry } from '../../domain/loyalty/loyalty.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { requireOwn } from '../identity/principal.ts'
import { CUSTOMER_ID, momentKey, page, pageQuery, time, toPage } from '../parts.ts'
import { z } from '../zod.ts'

const KINDS = ['awarded', 'revoked', 'returned'] as const

const entry = z.object({
  orderId: z.uuid(),
  kind: z.enum(KINDS).openapi({ description: '`returned`: what a return took back.' }),
  returnId: z.uuid().optional(),
  points: z.int(),
  recordedAt: time,
})

const { data: entries, nextCursor } = page(entry).shape

export const loyalty = z
  .object({ balance: z.int().openapi({ description: 'Of all entries.' }), entries, nextCursor })
  .openapi('LoyaltyAccount')

/** More than most customers have: few need a second page. */
const PAGE_ENTRIES = 1000

const cursor = momentKey(z.enum(KINDS), z.uuid()).optional()
const query = z.strictObject(pageQuery({ cursor, limit: PAGE_ENTRIES, limitMax: PAGE_ENTRIES }))

export interface LoyaltyResources {
  loyalty: ReturnType<typeof createLoyalty>
}

export function loyaltyEndpoints({ loyalty: accounts }: LoyaltyResources): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/customers/{id}/loyalty',
      summary: 'A customer’s points',
      params: z.object({ id: z.string() }),
      query,
      answers: {
        200: {
          description:
            'One point for every full 100 minor units of a completed order that were not returned.',
          schema: loyalty,
        },
      },
      async handle({ params: { id }, query: { limit, cursor }, principal }) {
        requireOwn(id, principal)
        // A customer without an order has no points, and neither has one that cannot be.
        if (!CUSTOMER_ID.test(id)) return reply(200, { balance: 0, entries: [], nextCursor: null })
        const { balance, entries } = await accounts.account(id, { limit, after: cursor })
        const { data, nextCursor } = toPage(entries, limit, loyaltyKey, viewEntry)
        return reply(200, { balance, entries: data, nextCursor })
      },
    }),
  ]
}

const viewEntry = ({ id, orderId, kind, points, recordedAt }: LoyaltyEntry) => ({
  orderId,
  kind,
  ...(kind === 'returned' ? { returnId: id } : {}),
  points,
  recordedAt: recordedAt.toISOString(),
})
