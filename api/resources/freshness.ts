import { sagaStream } from '../../domain/saga/ids.ts'
import type { Sql } from '../../events/store/sql.ts'
import { freshnessOf, newestVersion, waitUntilApplied, type WaitFor } from '../../read-models/freshness.ts'
import { createBound } from '../back-pressure.ts'
import { time, uuid, version } from '../parts.ts'
import { HttpProblem } from '../problem.ts'
import { z } from '../zod.ts'

const WAIT_MAX_MS = 5000

/** Every answer of a read model says how fresh it is. */
export const FRESHNESS = {
  asOf: time.openapi({
    description: 'Everything recorded before this has taken effect in the answer, but for streams set aside.',
  }),
  lagMs: z.int().openapi({ description: 'Milliseconds between `asOf` and now.' }),
  streamsSetAside: z
    .int()
    .openapi({ description: 'Streams with a dead letter: the answer says nothing newer of them.' }),
}

/** How a client reads its own writes. */
const wish = {
  minVersion: version.optional().openapi({
    type: 'integer',
    minimum: 1,
    description:
      'Waits until everything recorded before the request is in the answer; with `orderId`, until that order is at ' +
      'this version, or as it is now if it has no such version yet. 503 READ_MODEL_BEHIND after 5 seconds.',
  }),
  orderId: uuid.optional().openapi({
    description: 'Waits for this order alone: for `minVersion` of it, or for all of it.',
  }),
}

/** Query parameters of a read model. */
export const freshQuery = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject({ ...shape, ...wish })

/** Readers at once, of which each may wait for its own write. */
export const READERS = createBound(200)

export interface Wish {
  minVersion?: number | undefined
  orderId?: string | undefined
}

/** Waits for what is wished, then reads; how fresh it is, is read before it. */
export async function readFresh<T extends object>(
  db: Sql,
  projection: string,
  wish: Wish,
  read: () => Promise<T>,
) {
  const what = await wishedFor(db, wish)
  if (what !== undefined && !(await waitUntilApplied(db, projection, what, WAIT_MAX_MS)))
    throw new HttpProblem('READ_MODEL_BEHIND', 'It has not seen that version yet: please ask again.')
  const { asOf, ...freshness } = await freshnessOf(db, projection)
  return { ...(await read()), asOf: asOf.toISOString(), ...freshness }
}

/** A version that an order does not have cannot be a client's own write: what there is, is waited for. */
async function wishedFor(db: Sql, { minVersion, orderId }: Wish): Promise<WaitFor | undefined> {
  if (orderId === undefined) return minVersion === undefined ? undefined : 'everything'
  const streamId = sagaStream('order', orderId)
  const newest = await newestVersion(db, streamId)
  if (newest === 0) throw new HttpProblem('ORDER_NOT_FOUND', 'There is no order to wait for.')
  return { streamId, version: Math.min(minVersion ?? newest, newest) }
}
