import type { Services } from '../../activities/index.ts'
import type { Database } from '../../prisma/client.ts'

/** What is done to an activity's domain call, from outside. */
export type Interference =
  /** It fails before it does anything, this many times. */
  | { kind: 'faults'; times: number }
  /** It is carried out, and its answer is lost, this many times. */
  | { kind: 'loses its reply'; times: number }
  /** Something happens just before it. */
  | { kind: 'preceded'; by: (sagaId: string) => Promise<unknown> }

/** By party and activity: a saga's id is not known before its workflow may already run. */
export interface Interferences {
  plan(party: string, activity: string, interference: Interference): void
}

/** An order's customer, or the account from which a transfer goes. */
async function partyOf(db: Database, id: string): Promise<string | undefined> {
  const order = await db.order.findUnique({ where: { id }, select: { customerId: true } })
  if (order !== null) return order.customerId
  return (await db.transfer.findUnique({ where: { id }, select: { sourceAccountId: true } }))?.sourceAccountId
}

/** Lets a test interfere with single activities of single sagas, in the services that the workers call. */
export function interfereWith(
  services: Services,
  db: Database,
): { services: Services; interferences: Interferences } {
  const planned = new Map<string, Interference>()
  const around = async <T>(activity: string, sagaId: string, call: () => Promise<T>): Promise<T> => {
    const plan = planned.get(`${await partyOf(db, sagaId)} ${activity}`)
    switch (plan?.kind) {
      case undefined:
        return call()
      case 'preceded':
        await plan.by(sagaId)
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
  const wrap = (groups: object) =>
    Object.fromEntries(
      Object.entries(groups).map(([name, group]) => [
        name,
        Object.fromEntries(
          Object.entries(group as object).map(([activity, call]) => [
            activity,
            (sagaId: string, ...rest: unknown[]) =>
              around(activity, sagaId, () =>
                (call as (...args: unknown[]) => Promise<unknown>)(sagaId, ...rest),
              ),
          ]),
        ),
      ]),
    )
  const wrapped = { steps: wrap(services.steps), journals: wrap(services.journals) } as unknown as Services
  return {
    services: wrapped,
    interferences: {
      plan: (party, activity, plan) => void planned.set(`${party} ${activity}`, plan),
    },
  }
}
