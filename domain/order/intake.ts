import type { Database } from '../../prisma/client.ts'
import { DomainError } from '../../faults.ts'
import { currentTraceParent } from '../../tracing.ts'
import type { Composition } from '../saga/composition.ts'
import type { Coordination } from '../saga/coordination.ts'
import { fingerprint, intakePaused, keyReused, rethrowTwin } from '../saga/idempotency.ts'
import type { OrderContent } from './content.ts'

/** An order as a customer asks for it; its prices come from the catalogue. */
export interface OrderRequest {
  customerId: string
  currency: string
  lines: { sku: string; quantity: number }[]
  /** An opaque token of the payment provider, never a card number. */
  paymentMethod: string
  /** Required, unless every product is digital. */
  shipping?:
    | {
        service: string
        address: { name: string; line1: string; city: string; postalCode: string; country: string }
      }
    | undefined
  giftWrap?: boolean | undefined
  /** Who decides what comes next: one workflow, which is the default, or each participant by itself. */
  coordination?: Coordination | undefined
  expectedTotalMinor?: number | undefined
  /** Seconds from now until the order must be past its point of no return. */
  deadlineSeconds?: number | undefined
}

/** An order as it was placed: the part of it that never changes. */
export interface PlacedOrder {
  id: string
  /** The saga that runs it, e.g. `order@1`. */
  definition: string
  coordination: Coordination
  giftWrap: boolean
  customerId: string
  currency: string
  totalMinor: number
  lines: { sku: string; quantity: number; unitPriceMinor: number }[]
  createdAt: Date
  deadlineAt: Date
}

export interface Placement {
  order: PlacedOrder
  /** The key was used before with the same request: this is the order it made then. */
  isReplay: boolean
}

type Verdict =
  | 'placed'
  | 'replayed'
  | 'reused'
  | 'paused'
  | 'unknown_sku'
  | 'inactive_sku'
  | 'foreign_currency'
  | 'shipping_missing'
  | 'total_mismatch'

const DEADLINE_SECONDS = 1800

interface IntakeOptions {
  db: Database
  /** What an order is run by follows from what is in it. */
  compose: (content: OrderContent) => Composition
  newId: () => string
}

export function createIntake({ db, compose, newId }: IntakeOptions) {
  return {
    /**
     * Writes the order and everything that belongs to it in one database transaction.
     * @param request as parsed from the body.
     * @param sent the body as it came: a key stands for that.
     * @throws DomainError when the request is refused: it then leaves no trace, and its key stays free.
     */
    async place(
      caller: string,
      key: string,
      request: OrderRequest,
      sent: object = request,
    ): Promise<Placement> {
      const [body, hash] = [JSON.stringify(request), fingerprint(sent)]
      const isGiftWrapped = request.giftWrap === true
      // Whether a product is digital, the catalogue says.
      const slips = JSON.stringify({
        physical: compose({ isDigital: false, isGiftWrapped }),
        digital: compose({ isDigital: true, isGiftWrapped }),
      })
      const rows = await db.$queryRaw<
        { verdict: Verdict; placed: StoredOrder | null; positions: number[] }[]
      >`
        SELECT verdict, placed, positions FROM order_place_traced(${newId()}::uuid, ${slips}::jsonb, ${caller}, ${key},
          ${hash}, ${body}::jsonb, ${request.deadlineSeconds ?? DEADLINE_SECONDS}::integer,
          ${currentTraceParent() ?? null})`.catch(rethrowTwin)
      const [row] = rows
      if (row === undefined) throw new Error('order_place_traced answered no row')
      if (row.placed !== null && row.verdict !== 'reused') {
        const isReplay = row.verdict === 'replayed'
        // The key is another customer's by now.
        if (isReplay && row.placed.customerId !== request.customerId) throw keyReused()
        return { order: fromStored(row.placed), isReplay }
      }
      throw refusal(row.verdict, row.positions)
    },
  }
}

/** Times come out of JSON as text. */
type StoredOrder = Omit<PlacedOrder, 'createdAt' | 'deadlineAt'> & {
  createdAt: string
  deadlineAt: string
}

const fromStored = ({ createdAt, deadlineAt, ...order }: StoredOrder): PlacedOrder => ({
  ...order,
  createdAt: new Date(createdAt),
  deadlineAt: new Date(deadlineAt),
})

function refusal(verdict: Verdict, positions: number[]): DomainError {
  const skus = positions.map((position) => ['lines', position, 'sku'])
  switch (verdict) {
    case 'reused':
      return keyReused()
    case 'paused':
      return intakePaused()
    case 'unknown_sku':
      return new DomainError('UNKNOWN_SKU', 'There is no such product.', skus)
    case 'inactive_sku':
      return new DomainError('INACTIVE_SKU', 'This product is no longer sold.', skus)
    case 'foreign_currency':
      return new DomainError('INVALID_ORDER', 'These products are not sold in this currency.', [['currency']])
    case 'shipping_missing':
      return new DomainError(
        'INVALID_ORDER',
        'An order of anything but digital products is shipped somewhere.',
        [['shipping']],
      )
    case 'total_mismatch':
      return new DomainError('TOTAL_MISMATCH', 'The total differs from the catalogue’s.', [
        ['expectedTotalMinor'],
      ])
    case 'placed':
    case 'replayed':
      throw new Error(`${verdict} is no refusal`)
  }
}
