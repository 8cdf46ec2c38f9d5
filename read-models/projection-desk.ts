import type { Sql } from '../events/store/sql.ts'
import { freshnessOf, type Freshness } from './freshness.ts'

export interface ProjectionStatus extends Freshness {
  name: string
  /** Of the rows that are read. */
  generation: number
  /** The last one that was wished for. */
  rebuild: {
    state: 'none' | 'wished' | 'running' | 'done'
    rebuiltEvents: number
    totalEvents: number
    startedAt: Date | null
    finishedAt: Date | null
  }
}

type Row = Pick<ProjectionStatus, 'name' | 'generation'> & ProjectionStatus['rebuild']

const STATUS = `
  SELECT name, generation, rebuilt_events AS "rebuiltEvents", total_events AS "totalEvents", started_at AS "startedAt",
         finished_at AS "finishedAt",
         CASE WHEN rebuilding_generation IS NOT NULL THEN 'running' WHEN rebuild_wished_at IS NOT NULL THEN 'wished'
              WHEN finished_at IS NOT NULL THEN 'done' ELSE 'none' END AS state
    FROM projections ORDER BY name`

/** What operators see of the read models. */
export function createProjectionDesk({ db }: { db: Sql }) {
  return {
    list: async (): Promise<ProjectionStatus[]> =>
      Promise.all((await db.query<Row>(STATUS)).map((row) => withFreshness(db, row))),

    /**
     * The projector does it. While one runs, another wish changes nothing. @returns false without such a projection.
     */
    async wishRebuild(name: string): Promise<boolean> {
      const rows = await db.query(
        `UPDATE projections SET rebuild_wished_at = coalesce(rebuild_wished_at, clock_timestamp()) WHERE name = $1
         RETURNING 1`,
        [name],
      )
      return rows.length > 0
    },
  }
}

async function withFreshness(db: Sql, { name, generation, ...rebuild }: Row): Promise<ProjectionStatus> {
  return { name, generation, ...(await freshnessOf(db, name)), rebuild }
}
