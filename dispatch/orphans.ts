import { NIL } from 'uuid'
import type { Database } from '../prisma/client.ts'
import type { StepOutline } from '../domain/saga/step-outline.ts'

/** A saga that has not moved for a while, at the version at which it was looked at. */
export interface Unmoved {
  id: string
  definition: string
  version: number
}

export interface OrphanOptions {
  db: Database
  /** The steps of every definition that this process knows, by its name. */
  outlines: Readonly<Record<string, readonly StepOutline[]>>
  /** A saga with work left that has not moved for so long is looked for. */
  afterSeconds: number
}

/** How long a look at a saga is left to the process that took it. */
const CLAIM_SECONDS = 10

/** Restarts of one saga that has not moved otherwise. After these its step is parked: the workflow fails by a bug. */
const RESTARTS_MAX = 5

/**
 * What is known of sagas whose workflow may be gone. The rules stand beside the functions in
 * prisma/functions/orphans.sql.
 */
export function createOrphans({ db, outlines, afterSeconds }: OrphanOptions) {
  const all = JSON.stringify(outlines)
  /** Where this process is on its way through the open sagas. */
  let reached: string = NIL
  return {
    /**
     * Goes on through the open sagas, some hundreds at a time, and takes up to `limit` that are due to be looked for.
     */
    async take(limit: number): Promise<Unmoved[]> {
      const [row] = await db.$queryRaw<{ reached: string | null }[]>`
        SELECT orphans_watch(${all}::jsonb, ${afterSeconds}::float8, ${reached}::uuid) AS reached`
      reached = row?.reached ?? NIL
      return db.$queryRaw<Unmoved[]>`
        SELECT saga AS id, saga_definition AS definition, saga_version AS version
          FROM orphans_take(${all}::jsonb, ${afterSeconds}::float8, ${CLAIM_SECONDS}::integer, ${limit}::integer)`
    },

    /** Its workflow is open. */
    async foundOpen({ id, version }: Unmoved): Promise<void> {
      await db.$queryRaw`SELECT 1 FROM orphan_found_open(${id}::uuid, ${version}::integer, ${afterSeconds}::float8)`
    },

    /** Its workflow is gone. Notes that it is started again, or parks its step; 'moved' when there is no need. */
    async restart({ id, definition, version }: Unmoved, found: string) {
      const outline = JSON.stringify(outlines[definition] ?? [])
      const [row] = await db.$queryRaw<{ verdict: 'restarted' | 'parked' | 'moved' }[]>`
        SELECT orphan_restart(${id}::uuid, ${version}::integer, ${found}, ${outline}::jsonb, ${afterSeconds}::float8,
          ${RESTARTS_MAX}::integer) AS verdict`
      return row?.verdict ?? 'moved'
    },

    /** A wake found no open workflow: the saga is looked at now, and may be restarted as often as at first. */
    async summon(id: string): Promise<void> {
      await db.$queryRaw`SELECT 1 FROM orphan_summon(${id}::uuid)`
    },

    /** Looks after the saga also when its status says that it has ended. */
    async watch(id: string): Promise<void> {
      await db.$executeRaw`
        INSERT INTO saga_watches (saga_id, version, check_at) VALUES (${id}::uuid, 0, clock_timestamp())
        ON CONFLICT (saga_id) DO NOTHING`
    },
  }
}

export type Orphans = ReturnType<typeof createOrphans>
