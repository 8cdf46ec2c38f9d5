import type { Sql } from '../../events/store/sql.ts'
import { LEADER_LOCKS, type Office } from '../../locks.ts'

/** Who is connected to the database, as it sees them: all processes that go by one name are one. */
export interface ConnectedProcess {
  name: string
  connections: number
  leaderOf: Office[]
}

const NAMES_MAX = 100

/** Of a session of another role, the type is not shown to us. */
const CONNECTED = `
  SELECT a.application_name AS name, count(DISTINCT a.pid) AS connections,
         coalesce(array_agg(l.objid::bigint::integer) FILTER (WHERE l.objid IS NOT NULL), '{}') AS locks
    FROM pg_stat_activity a LEFT JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'advisory' AND l.granted
      AND l.classid = 0 AND l.objsubid = 1 AND l.objid::bigint = ANY ($1::bigint[])
   WHERE a.datname = current_database() AND coalesce(a.backend_type, 'client backend') = 'client backend'
   GROUP BY a.application_name ORDER BY a.application_name LIMIT ${NAMES_MAX}`

/** A leader is who holds the lock of its office. */
export async function readProcesses(db: Sql): Promise<ConnectedProcess[]> {
  const rows = await db.query<{ name: string; connections: number; locks: number[] }>(CONNECTED, [
    Object.values(LEADER_LOCKS),
  ])
  const offices = Object.entries(LEADER_LOCKS) as [Office, number][]
  return rows.map(({ locks, ...process }) => ({
    ...process,
    leaderOf: offices.filter(([, lock]) => locks.includes(lock)).map(([office]) => office),
  }))
}
