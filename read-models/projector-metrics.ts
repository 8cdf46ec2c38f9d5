import { Counter, Gauge, type Registry } from 'prom-client'
import { IS_SET_ASIDE } from '../events/inbox/dead-letters.ts'
import type { Sql } from '../events/store/sql.ts'
import { freshnessOf } from './freshness.ts'
import type { Projection } from './projection.ts'

export type ProjectorMetrics = ReturnType<typeof createProjectorMetrics>

/**
 * What the projector shows of itself. Dead letters and lag are measured when they are asked for, by leader and standby
 * alike.
 */
export function createProjectorMetrics(registry: Registry, db: Sql, projections: readonly Projection[]) {
  const registers = [registry]
  // An alert goes off when one is parked for more than a few minutes.
  void new Gauge({
    name: 'ordersaga_dead_letters',
    help: 'Events that are set aside, by consumer and state',
    labelNames: ['consumer', 'state'],
    registers,
    async collect() {
      const rows = await countLetters(db).catch(() => [])
      this.reset()
      for (const { name } of projections) {
        for (const state of ['retrying', 'parked', 'behind']) this.set({ consumer: name, state }, 0)
      }
      for (const { consumer, state, count } of rows) this.set({ consumer, state }, count)
    },
  })
  // An alert goes off when it stays above half a minute.
  void new Gauge({
    name: 'ordersaga_projection_lag_seconds',
    help: 'Age of the oldest event that a read model has not applied',
    labelNames: ['projection'],
    registers,
    async collect() {
      for (const { name } of projections) {
        // Unknown is not zero.
        const lag = await freshnessOf(db, name).then(
          ({ lagMs }) => lagMs / 1000,
          () => Number.NaN,
        )
        this.set({ projection: name }, lag)
      }
    },
  })
  const foreign = new Counter({
    name: 'ordersaga_foreign_messages_total',
    help: 'Messages from the broker that are no events, by consumer; each is a dead letter',
    labelNames: ['consumer'],
    registers,
  })
  const consumed = new Counter({
    name: 'ordersaga_events_consumed_total',
    help: 'Events that have taken effect, by consumer',
    labelNames: ['consumer'],
    registers,
  })
  for (const { name } of projections) for (const each of [foreign, consumed]) each.inc({ consumer: name }, 0)
  return {
    isLeader: new Gauge({
      name: 'ordersaga_projector_is_leader',
      help: '1 in the process that applies events, 0 in those that would take over',
      registers,
    }),
    foreign,
    consumed,
  }
}

const countLetters = (db: Sql) =>
  db.query<{ consumer: string; state: string; count: number }>(
    `SELECT split_part(consumer, '#', 1) AS consumer, state, count(*) AS count FROM dead_letters
      WHERE ${IS_SET_ASIDE} GROUP BY 1, 2`,
  )
