import { service, TerminalError, type Context } from '@restatedev/restate-sdk'
import type { Order } from '../../compare/order.ts'
import type { createParticipants } from '../../compare/participants.ts'
import type { Answer, Providers } from '../../compare/providers.ts'

function insist<Effect>(answer: Answer<Effect>): Effect {
  if ('refusal' in answer) throw new TerminalError(answer.refusal)
  return answer.effect
}

/** The saga of an order as a handler of Restate: every step is run once, and its result is in the journal. */
export const createService = (participants: ReturnType<typeof createParticipants>, providers: Providers) =>
  service({
    name: 'orders',
    handlers: {
      async place(ctx: Context, order: Order): Promise<'completed' | 'rejected'> {
        const { id } = order
        const compensations: (() => Promise<void>)[] = []
        try {
          await ctx.run('reserve', async () => {
            if (!(await participants.reserve(id))) throw new TerminalError('OUT_OF_STOCK')
          })
          compensations.push(() => ctx.run('release', () => participants.release(id)))

          await ctx.run('charge', async () => {
            const charge = insist(await providers.charge(order))
            await participants.charge(id, charge.id, order.totalMinor)
          })
          compensations.push(() =>
            ctx.run('refund', async () => {
              await providers.refund(order)
              await participants.refund(id)
            }),
          )

          await ctx.run('ship', async () => {
            const shipment = insist(await providers.ship(order))
            await participants.ship(id, shipment.trackingNumber)
          })
          await ctx.run('award', () => participants.award(id))
          await ctx.run('complete', () => participants.complete(id))
          return 'completed'
        } catch (error) {
          // Any other error ends this attempt alone: Restate calls the handler again.
          if (!(error instanceof TerminalError)) throw error
          for (const compensate of compensations.reverse()) await compensate()
          await ctx.run('reject', () => participants.reject(id))
          return 'rejected'
        }
      },
    },
  })
