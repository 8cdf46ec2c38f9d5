import { Gauge, type Registry } from 'prom-client'
import { PROVIDER_NAMES } from '../providers.ts'
import type { Database } from '../prisma/client.ts'
import { CLASSES } from '../domain/reconciliation/classify.ts'

/** What is reported of reconciliation. The gauges are measured when they are read, in whatever process. */
export function createReconciliationGauges(registry: Registry, db: Database): void {
  const registers = [registry]
  void new Gauge({
    name: 'ordersaga_reconciliation_differences',
    help: 'Differences between our record and the providers that two runs have seen, and no person has settled',
    labelNames: ['provider', 'class'],
    registers,
    async collect() {
      const rows = await db.reconciliationDifference
        .groupBy({ by: ['provider', 'class'], where: { state: 'open' }, _count: true })
        .catch(() => undefined)
      for (const provider of PROVIDER_NAMES)
        for (const each of CLASSES) {
          const row = rows?.find((found) => found.provider === provider && found.class === each)
          // Unknown is not zero.
          this.set({ provider, class: each }, rows === undefined ? Number.NaN : (row?._count ?? 0))
        }
    },
  })
  void new Gauge({
    name: 'ordersaga_reconciliation_last_run_seconds',
    help: 'How long ago the last run of reconciliation ended; until one has, how long ago the first was asked for',
    registers,
    async collect() {
      const [row] = await db.$queryRaw<{ age: number | null }[]>`
        SELECT extract(epoch FROM clock_timestamp()
                 - coalesce((SELECT max(ended_at) FROM reconciliation_runs WHERE state = 'ended'), min(requested_at)))::float8 AS age
          FROM reconciliation_runs`.catch(() => [])
      this.set(row?.age ?? Number.NaN)
    },
  })
}
