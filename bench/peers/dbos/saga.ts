import { DBOS } from '@dbos-inc/dbos-sdk'
import type { Order } from '../../compare/order.ts'
import type { createParticipants } from '../../compare/participants.ts'
import type { Providers } from '../../compare/providers.ts'

/** As Temporal does by default, a step is tried until it succeeds: what a provider refuses is a result. */
const UNTIL_DONE = { retriesAllowed: true, intervalSeconds: 0.5, backoffRate: 1, maxAttempts: 1_000_000 }

const step = <Result>(name: string, act: () => Promise<Result>): Promise<Result> =>
  DBOS.runStep(act, { name, ...UNTIL_DONE })

/**
 * The saga of an order as a workflow of DBOS. The statements of its steps may be repeated, so they run in plain steps: a
 * data source's transaction would write a checkpoint of its own besides.
 */
export const createSaga =
  (participants: ReturnType<typeof createParticipants>, providers: Providers) =>
  async (order: Order): Promise<'completed' | 'rejected'> => {
    const { id } = order
    const compensations: (() => Promise<void>)[] = []
    const reject = async () => {
      for (const compensate of compensations.reverse()) await compensate()
      await step('reject', () => participants.reject(id))
      return 'rejected' as const
    }

    if (!(await step('reserve', () => participants.reserve(id)))) return reject()
    compensations.push(() => step('release', () => participants.release(id)))

    const isCharged = await step('charge', async () => {
      const answer = await providers.charge(order)
      if ('refusal' in answer) return false
      await participants.charge(id, answer.effect.id, order.totalMinor)
      return true
    })
    if (!isCharged) return reject()
    compensations.push(() =>
      step('refund', async () => {
        await providers.refund(order)
        await participants.refund(id)
      }),
    )

    const isShipped = await step('ship', async () => {
      const answer = await providers.ship(order)
      if ('refusal' in answer) return false
      await participants.ship(id, answer.effect.trackingNumber)
      return true
    })
    if (!isShipped) return reject()

    await step('award', () => participants.award(id))
    await step('complete', () => participants.complete(id))
    return 'completed'
  }
