import type { Database } from '../../prisma/client.ts'
import { currentTraceParent } from '../../tracing.ts'
import type { Composition } from '../saga/composition.ts'
import { definitionOf, fingerprint, intakePaused, keyReused, rethrowTwin } from '../saga/idempotency.ts'

export interface TransferRequest {
  sourceAccountId: string
  destinationAccountId: string
  /** In minor units. */
  amountMinor: number
  currency: string
}

export interface TransferPlacement {
  id: string
  /** The saga that runs it, e.g. `transfer@1`. */
  definition: string
  createdAt: Date
  deadlineAt: Date
  /** The key was used before with the same request: this is the transfer it made then. */
  isReplay: boolean
}

/** A transfer that has not been made by then is turned back. */
const DEADLINE_SECONDS = 1800

interface TransferIntakeOptions {
  db: Database
  composition: Composition
  newId: () => string
}

export function createTransferIntake({
  db,
  composition: { definition, beforePivot },
  newId,
}: TransferIntakeOptions) {
  return {
    /**
     * Writes the transfer and everything that belongs to it in one database transaction.
     * @param sent the body as it came: a key stands for that.
     * @throws DomainError when its key was used for another request or is in use, or when the intake is paused.
     */
    async place(
      caller: string,
      key: string,
      request: TransferRequest,
      sent: object = request,
    ): Promise<TransferPlacement> {
      const [body, hash] = [JSON.stringify(request), fingerprint(sent)]
      const [row] = await db.$queryRaw<StoredPlacement[]>`
        SELECT verdict, id, created_at AS "createdAt", deadline_at AS "deadlineAt"
          FROM transfer_place_traced(${newId()}::uuid, ${definition}, ${caller}, ${key}, ${hash}, ${body}::jsonb,
            ${beforePivot}::text[], ${DEADLINE_SECONDS}::integer, ${currentTraceParent() ?? null})`.catch(
        rethrowTwin,
      )
      if (row === undefined) throw new Error('transfer_place_traced answered no row')
      const { verdict, ...placed } = row
      if (verdict === 'reused') throw keyReused()
      if (verdict === 'paused') throw intakePaused()
      const isReplay = verdict === 'replayed'
      return { ...placed, definition: isReplay ? await definitionOf(db, placed.id) : definition, isReplay }
    },
  }
}

type StoredPlacement = Pick<TransferPlacement, 'id' | 'createdAt' | 'deadlineAt'> & {
  verdict: 'placed' | 'replayed' | 'reused' | 'paused'
}
