import type { Services } from '../../activities/index.ts'
import type { Database } from '../../prisma/client.ts'

/** What is done to an activity's domain call, from outside. */
export type Interference =
  /** It fails before it does anything, this many times. */
  | { kind: 'faults'; times: number }
  /** It is carried out, and its answer is lost, this many times. */
  | { kind: 'loses its reply'; times: number }
  /** Something happens just before it. */
  | { kind: 'preceded'; by: (orderId: string) => Promise<unknown> }

/** By customer and activity: an order's id is not known before its workflow may already run. */
export interface Interferences {
  plan(customerId: string, activity: string, interference: Interference): void
}

/** Lets a test interfere with single activities of single orders, in the services that the workers call. */
export function interfereWith(
  services: Services,
  db: Database,
): { services: Services; interferences: Interferences } {
  const planned = new Map<string, Interference>()
  const around = async <T>(activity: string, orderId: string, call: () => Promise<T>): Promise<T> => {
    const order = await db.order.findUnique({ where: { id: orderId }, select: { customerId: true } })
    const plan = planned.get(`${order?.customerId} ${activity}`)
    switch (plan?.kind) {
      case undefined:
        return call()
      case 'preceded':
        await plan.by(orderId)
        return call()
      case 'faults':
        if (plan.times > 0) {
          plan.times -= 1
          throw new Error(`${activity} was made to fail`)
        }
        return call()
      case 'loses its reply': {
        const answer = await call()
        if (plan.times > 0) {
          plan.times -= 1
          throw new Error(`the answer of ${activity} was lost`)
        }
        return answer
      }
    }
  }
  const wrapped = Object.fromEntries(
    Object.entries(services).map(([name, service]) => [
      name,
      Object.fromEntries(
        Object.entries(service).map(([method, call]) => [
          method,
          (orderId: string, ...rest: unknown[]) =>
            around(method, orderId, () =>
              (call as (...args: unknown[]) => Promise<unknown>)(orderId, ...rest),
            ),
        ]),
      ),
    ]),
  ) as unknown as Services
  return {
    services: wrapped,
    interferences: {
      plan: (customerId, activity, plan) => void planned.set(`${customerId} ${activity}`, plan),
    },
  }
}
