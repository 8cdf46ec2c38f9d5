import { Counter, Gauge, type Registry } from 'prom-client'
import type { Sql } from '../store/sql.ts'
import { outboxDepth, outboxLagSeconds } from './outbox.ts'

export type RelayMetrics = ReturnType<typeof createRelayMetrics>

/**
 * What the relay shows of itself. The outbox is measured when it is asked for, over connections of its own: a relay
 * that hangs must not go on reporting what was true before.
 */
export function createRelayMetrics(registry: Registry, db: Sql) {
  const registers = [registry]
  const measured = (name: string, help: string, measure: (db: Sql) => Promise<number>) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        // Unknown is not zero.
        this.set(await measure(db).catch(() => Number.NaN))
      },
    })
  measured('ordersaga_outbox_depth', 'Events that wait to be published', outboxDepth)
  measured(
    'ordersaga_outbox_lag_seconds',
    'How long the first event in the outbox has been waiting',
    outboxLagSeconds,
  )
  return {
    isLeader: new Gauge({
      name: 'ordersaga_relay_is_leader',
      help: '1 in the process that publishes, 0 in those that would take over',
      registers,
    }),
    published: new Counter({
      name: 'ordersaga_events_published_total',
      help: 'Events that were handed to the broker and marked in the outbox',
      registers,
    }),
    failures: new Counter({
      name: 'ordersaga_relay_publish_failures_total',
      help: 'Events that the broker did not store when it was asked to; each is tried again',
      registers,
    }),
  }
}
