import type { Operator } from '../../events/store/operator.ts'
import type { Database } from '../../prisma/client.ts'
import { perProvider, type PerProvider, type ProviderName } from '../../providers.ts'
import { PROVIDER_STEPS } from '../participants.ts'

/** What operators hold up. */
export interface Maintenance {
  intake: 'open' | 'paused'
  /** `open`: the provider is not called. `auto`: its breaker decides. */
  breakers: PerProvider<'auto' | 'open'>
  /** Steps that do not go forward; their compensations do. */
  pausedSteps: readonly string[]
  /** Why it was changed last; null before anything was. */
  reason: string | null
}

/** What is to be otherwise; the rest stays as it is. */
export interface MaintenanceChange {
  intake?: Maintenance['intake'] | undefined
  breakers?: { [Name in ProviderName]?: 'auto' | 'open' | undefined } | undefined
  pausedSteps?: readonly string[] | undefined
}

/** A row names only the breakers that were ever changed. */
type Stored = Omit<Maintenance, 'breakers'> & { breakers: Partial<Maintenance['breakers']> }

const complete = ({ intake, breakers, pausedSteps, reason }: Stored): Maintenance => ({
  intake,
  breakers: perProvider((name) => breakers[name] ?? 'auto'),
  pausedSteps,
  reason,
})

/** Maintenance is judged in the database, by the statements that it holds up: `prisma/functions/maintenance.sql`. */
export function createMaintenance({ db }: { db: Database }) {
  return {
    async read(): Promise<Maintenance> {
      const row = await db.maintenance.findUnique({ where: { id: 1 } })
      return complete((row ?? { intake: 'open', breakers: {}, pausedSteps: [], reason: null }) as Stored)
    },

    /** Takes effect at once and everywhere. What waited for something that is given back is woken by `wakeNext`. */
    async change(
      { intake, breakers, pausedSteps }: MaintenanceChange,
      { actor, reason }: Operator,
    ): Promise<Maintenance> {
      const steps = pausedSteps === undefined ? null : [...new Set(pausedSteps)]
      const [row] = await db.$queryRaw<{ now: Stored }[]>`
        SELECT maintenance_change(${intake ?? null}, ${breakers === undefined ? null : JSON.stringify(breakers)}::jsonb,
          ${steps}::text[], ${JSON.stringify(PROVIDER_STEPS)}::jsonb, ${actor}, ${reason}) AS now`
      if (row === undefined) throw new Error('maintenance_change answered no row')
      return complete(row.now)
    },

    /** Wakes some of the sagas that wait at a step that was given back, if there is one. The sweep repeats it. */
    async wakeNext(): Promise<void> {
      await db.$queryRaw`SELECT 1 FROM step_wakes_next()`
    },
  }
}
