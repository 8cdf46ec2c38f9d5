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
    name: 'ordersaga_reconciliation_overdue_seconds',
    help: 'How long ago the run was due that is still missing: none has ended since that leaves no gap; 0 while none is',
    registers,
    async collect() {
      const [row] = await db.$queryRaw<{ overdue: number }[]>`
        SELECT CASE WHEN s.due_at IS NULL THEN 0
               ELSE greatest(0, extract(epoch FROM clock_timestamp() - least(s.due_at, (
                 SELECT min(requested_at) FROM reconciliation_runs
                  WHERE requested_by = 'schedule' AND requested_at > coalesce(s.covered_at, '-infinity'))))) END::float8 AS overdue
          FROM reconciliation_schedule s`.catch(() => [])
      this.set(row?.overdue ?? Number.NaN)
    },
  })
}
