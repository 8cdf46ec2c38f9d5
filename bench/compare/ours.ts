import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Coordination } from '../../domain/saga/coordination.ts'
import { startThrowawayStack } from '../../stack/throwaway.ts'
import { ORDER_SAGA } from '../../workflows/order/contract.ts'
import { RULER } from './costs.ts'
import type { Contestant, Ended, Ground, TemporalKind } from './contestant.ts'

/** How far the numbers of events that are committed later may be behind one that was seen. */
const OVERTAKEN_MAX = 100

/** Processes that carry out orders. */
const CARRIES_OUT = /^(worker|choreography)/

/** The processes of `npm start`, as they are. */
export const createOurs = (coordination: Coordination, temporal: TemporalKind): Contestant => ({
  name: [
    'OrderSaga',
    ...(coordination === 'choreography' ? ['choreographed'] : []),
    ...(temporal === 'postgres' ? ['on PostgreSQL'] : []),
  ].join(' '),
  temporal,
  async start(ground) {
    const stack = await startThrowawayStack(() => () => undefined, {
      DATABASE_URL: ground.database.application,
      MIGRATE_DATABASE_URL: ground.database.migrator,
      TEMPORAL_ADDRESS: ground.temporalAddress,
      RATE_LIMIT_PER_SECOND: 1_000_000,
    })
    const watch = new pg.Client({ connectionString: ground.database.admin, application_name: RULER })
    try {
      await watch.connect()
      await fillStock(watch, ground)
    } catch (error) {
      await watch.end()
      await stack.stop()
      throw error
    }
    const seen = new Set<string>()
    let last = 0
    return {
      url: stack.apiUrl,
      ...(coordination === 'orchestration' ? { workflowId: (id: string) => ORDER_SAGA.workflowId(id) } : {}),
      body: { coordination },
      sandboxUrl: stack.sandboxUrl,
      parts: () =>
        stack.processes.flatMap((process) => {
          const pid = process.pid()
          return pid === undefined ? [] : [{ name: process.name, pid }]
        }),
      async ended() {
        const { rows } = await watch.query<EndedRow>({
          name: 'ended',
          text: ENDED,
          values: [last - OVERTAKEN_MAX],
        })
        last = rows.reduce((most, { position }) => Math.max(most, Number(position)), last)
        const fresh = rows.filter(({ id }) => !seen.has(id))
        for (const { id } of fresh) seen.add(id)
        return fresh.map(({ id, type, at }): Ended => ({
          id,
          atMs: at,
          outcome: type === 'OrderCompleted' ? 'completed' : 'rejected',
        }))
      },
      async crash() {
        const victims = stack.processes.filter(({ name }) => CARRIES_OUT.test(name))
        const ends = victims.map((victim) => victim.ended())
        for (const victim of victims) process.kill(victim.pid() ?? 0, 'SIGKILL')
        await Promise.all(ends)
        // The supervisor starts them again.
        while (victims.some((victim) => victim.pid() === undefined)) await sleep(10)
      },
      async stop() {
        await watch.end()
        await stack.stop()
      },
    }
  },
})

interface EndedRow {
  id: string
  type: string
  at: number
  position: string
}

const ENDED = `
  SELECT /* ruler */ substr(e.stream_id, 7) AS id, e.type, o.id AS position,
         extract(epoch FROM e.recorded_at)::float8 * 1000 AS at
    FROM outbox o JOIN events e USING (stream_id, version)
   WHERE o.id > $1 AND e.type IN ('OrderCompleted', 'OrderRejected', 'OrderCancelled')`

async function fillStock(database: pg.Client, { stock }: Ground): Promise<void> {
  const entries = Object.entries(stock)
  const columns = [entries.map(([sku]) => sku), entries.map(([, units]) => units)]
  await database.query(
    `WITH listed AS (
       INSERT INTO products (sku, name, currency, price_minor) SELECT sku, sku, 'EUR', 1250 FROM unnest($1::text[]) sku)
     INSERT INTO stock (sku, received, available) SELECT sku, units, units FROM unnest($1::text[], $2::integer[]) AS t (sku, units)`,
    columns,
  )
}
