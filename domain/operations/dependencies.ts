import type { Database } from '../../prisma/client.ts'
import { PROVIDER_NAMES } from '../../providers.ts'
import { PROVIDER_STEPS } from '../participants.ts'
import type { BreakerState, GuardedProvider } from '../provider/guard.ts'
import { createMaintenance } from './maintenance.ts'

/** A row that was not refreshed for this long says nothing. */
const FRESH_SECONDS = 30

/** Rows of processes that are gone are kept this long. */
const KEPT_MINUTES = 60

/** Of one saga, so that its fences are looked up by its key: it has no more. */
const STEPS_MAX = 100

export interface Dependency {
  provider: string
  breaker: BreakerState | 'unknown'
  /** Over all processes that were seen lately. */
  bulkhead: { limit: number; inUse: number }
  /** Orders that wait for it. */
  waiting: number
}

export function createDependencies({ db }: { db: Database }) {
  return {
    /** What one process sees of one provider. */
    async report(process: string, provider: GuardedProvider): Promise<void> {
      const { limit, inUse } = provider.bulkhead()
      await db.$executeRaw`
        INSERT INTO dependency_states AS d (process, provider, state, since, seen_at, capacity, in_use)
        VALUES (${process}, ${provider.name}, ${provider.breaker()}, clock_timestamp(), clock_timestamp(), ${limit}, ${inUse})
        ON CONFLICT (process, provider) DO UPDATE SET state = excluded.state, seen_at = excluded.seen_at,
          since = CASE WHEN d.state = excluded.state THEN d.since ELSE excluded.since END,
          capacity = excluded.capacity, in_use = excluded.in_use`
    },

    /** A process that ends in order leaves no row behind, and takes with it those of the long gone. */
    async forget(process: string): Promise<void> {
      await db.$executeRaw`
        DELETE FROM dependency_states
         WHERE process = ${process} OR seen_at < clock_timestamp() - make_interval(mins => ${KEPT_MINUTES})`
    },

    /**
     * The breaker that has moved last knows most: one that opened before may only not have been asked since. One that
     * an operator holds open is open.
     */
    async list(): Promise<Dependency[]> {
      const states = await db.$queryRaw<
        { provider: string; state: BreakerState; capacity: bigint; inUse: bigint }[]
      >`
        SELECT provider, (array_agg(state ORDER BY since DESC, state = 'open' DESC))[1] AS state, sum(capacity) AS capacity, sum(in_use) AS "inUse"
          FROM dependency_states WHERE seen_at > clock_timestamp() - make_interval(secs => ${FRESH_SECONDS})
         GROUP BY provider`
      const { breakers } = await createMaintenance({ db }).read()
      const waiting = await db.$queryRaw<{ step: string; orders: bigint }[]>`
        SELECT f.step, count(*) AS orders FROM sagas s CROSS JOIN LATERAL (
            SELECT step FROM step_fences WHERE saga_id = s.id AND state IN ('pending', 'intended') LIMIT ${STEPS_MAX}::bigint) f
         WHERE s.status = 'waiting' GROUP BY f.step`
      return PROVIDER_NAMES.map((provider) => {
        const seen = states.find((row) => row.provider === provider)
        return {
          provider,
          breaker: breakers[provider] === 'open' ? 'open' : (seen?.state ?? 'unknown'),
          bulkhead: { limit: Number(seen?.capacity ?? 0), inUse: Number(seen?.inUse ?? 0) },
          waiting: waiting
            .filter(({ step }) => PROVIDER_STEPS[provider].includes(step))
            .reduce((sum, { orders }) => sum + Number(orders), 0),
        }
      })
    },
  }
}
