import { Gauge, type Registry } from 'prom-client'
import type { Sql } from '../events/store/sql.ts'

/** What is reported of choreographed orders. The lag is measured when it is read, in whatever process. */
export function createChoreographyMetrics(registry: Registry, db: Sql) {
  const registers = [registry]
  // An alert goes off when it stays above a minute: no process does what is noted, or a participant is too slow.
  void new Gauge({
    name: 'ordersaga_reaction_lag_seconds',
    help: 'Age of the oldest reaction of a choreographed order that is due, and that no process has claimed',
    registers,
    async collect() {
      // Unknown is not zero.
      const [row] = await db
        .query<{ value: number }>(
          `SELECT coalesce(extract(epoch FROM clock_timestamp() - min(due_at)), 0)::float8 AS value FROM reactions
            WHERE due_at <= clock_timestamp() AND (claimed_until IS NULL OR claimed_until <= clock_timestamp())`,
          [],
        )
        .catch(() => [])
      this.set(row?.value ?? Number.NaN)
    },
  })
  return {
    isLeader: new Gauge({
      name: 'ordersaga_choreography_is_leader',
      help: '1 in the process that takes in events for the participants of choreographed orders',
      registers,
    }),
  }
}
