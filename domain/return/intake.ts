import type { Database } from '../../prisma/client.ts'
import { DomainError } from '../../faults.ts'
import { currentTraceParent } from '../../tracing.ts'
import type { Composition } from '../saga/composition.ts'
import { fingerprint, intakePaused, keyReused, rethrowTwin } from '../saga/idempotency.ts'

export interface ReturnRequest {
  /** In the customer's own words. */
  reason: string
  /** All that is left of the order, unless said otherwise. */
  lines?: { sku: string; quantity: number }[] | undefined
}

export interface ReturnPlacement {
  id: string
  /** The key was used before with the same request: this is the return that it made then. */
  isReplay: boolean
}

/** A return of less than this, in minor units, is approved by rule. */
const APPROVED_BELOW_MINOR = 2000

/** A return whose parcel has not come, or that is not decided on, expires after this. */
const EXPIRES_AFTER_SECONDS = 30 * 24 * 60 * 60

interface ReturnIntakeOptions {
  db: Database
  composition: Composition
  newId: () => string
  expiresAfterSeconds?: number
}

export function createReturnIntake({
  db,
  composition: { definition, beforePivot },
  newId,
  expiresAfterSeconds = EXPIRES_AFTER_SECONDS,
}: ReturnIntakeOptions) {
  return {
    /**
     * Writes the return and everything that belongs to it in one database transaction. Its order is there.
     * @param sent the body as it came: a key stands for that, and for the order.
     * @throws DomainError when it is refused: it then leaves no trace, and its key stays free.
     */
    async request(
      caller: string,
      key: string,
      orderId: string,
      { reason, lines }: ReturnRequest,
      sent: object = { reason, lines },
    ): Promise<ReturnPlacement> {
      const hash = fingerprint({ orderId, return: sent })
      const [row] = await db.$queryRaw<{ verdict: Verdict; id: string; positions: number[] }[]>`
        SELECT verdict, id, positions
          FROM return_request_traced(${newId()}::uuid, ${definition}, ${beforePivot}::text[], ${caller}, ${key}, ${hash},
            ${orderId}::uuid, ${lines === undefined ? null : JSON.stringify(lines)}::jsonb, ${reason},
            ${APPROVED_BELOW_MINOR}::bigint, ${expiresAfterSeconds}::integer, ${currentTraceParent() ?? null})`.catch(
        rethrowTwin,
      )
      if (row === undefined) throw new Error('return_request_traced answered no row')
      const { verdict, id, positions } = row
      if (verdict !== 'requested' && verdict !== 'replayed') throw refusal(verdict, positions)
      return { id, isReplay: verdict === 'replayed' }
    },
  }
}

type Verdict = 'requested' | 'replayed' | 'reused' | 'paused' | 'not_returnable' | 'too_much'

function refusal(verdict: Exclude<Verdict, 'requested' | 'replayed'>, positions: number[]): DomainError {
  switch (verdict) {
    case 'reused':
      return keyReused()
    case 'paused':
      return intakePaused()
    case 'not_returnable':
      return new DomainError(
        'ORDER_NOT_RETURNABLE',
        'The order is not completed, or nothing of it is left to be sent back.',
      )
    case 'too_much':
      return new DomainError(
        'INVALID_RETURN',
        'The order has no such product that can be sent back, or not so many.',
        positions.map((position) => ['lines', position]),
      )
  }
}
