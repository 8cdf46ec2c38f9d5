import type { RequestHandler } from 'express'
import type { Services } from '../../activities/index.ts'
import type { Database } from '../../prisma/client.ts'
import { misbehave, type Misbehaviour } from './misbehaviour.ts'

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
  /** What the provider of the activity does when it is asked for it. */
  planAtProvider(party: string, activity: string, misbehaviour: Misbehaviour): void
  /** Whether anything that was planned there has been met: a plan that is never met tests nothing. */
  isMet(party: string, activity: string): boolean
}

export interface Interfering {
  interferences: Interferences
  /** The services that the workers call, with the interferences around them. */
  around: (services: Services) => Services
  /** Stands before the providers. */
  beforeProviders: RequestHandler
}

/** The customer of an order, or of a return; the account from which a transfer goes. */
async function partyOf(db: Database, id: string): Promise<string | undefined> {
  const back = await db.return.findUnique({ where: { id }, select: { orderId: true } })
  if (back !== null) return partyOf(db, back.orderId)
  const order = await db.order.findUnique({ where: { id }, select: { customerId: true } })
  if (order !== null) return order.customerId
  return (await db.transfer.findUnique({ where: { id }, select: { sourceAccountId: true } }))?.sourceAccountId
}

/** Lets a test interfere with single activities of single sagas, in the workers' services and at the providers. */
export function createInterfering(db: Database): Interfering {
  const planned = new Map<string, Interference>()
  const atProviders = new Map<string, Misbehaviour>()
  const met = new Set<string>()
  const keyOf = (party: string | undefined, activity: string) => `${party} ${activity}`
  const find = async <Plan>(plans: ReadonlyMap<string, Plan>, sagaId: string, activity: string) => {
    if (plans.size === 0) return undefined
    const key = keyOf(await partyOf(db, sagaId), activity)
    const plan = plans.get(key)
    if (plan !== undefined) met.add(key)
    return plan
  }
  const around = async <T>(activity: string, sagaId: string, call: () => Promise<T>): Promise<T> => {
    const plan = await find(planned, sagaId, activity)
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
  return {
    interferences: {
      plan: (party, activity, plan) => void planned.set(keyOf(party, activity), { ...plan }),
      planAtProvider: (party, activity, plan) => void atProviders.set(keyOf(party, activity), { ...plan }),
      isMet: (party, activity) => met.has(keyOf(party, activity)),
    },
    around: ({ steps, journals }) =>
      ({ steps: wrap(steps), journals: wrap(journals) }) as unknown as Services,
    beforeProviders: misbehave((sagaId, activity) => find(atProviders, sagaId, activity)),
  }
}
