import { Counter, type Registry } from 'prom-client'

/** Counts the runs of reconciliation that this process has ended. */
export const createReconciliationMetrics = (registry: Registry) =>
  new Counter({
    name: 'ordersaga_reconciliation_runs_total',
    help: 'Runs of reconciliation by how they ended: ended, or failed because a provider could not be compared',
    labelNames: ['outcome'],
    registers: [registry],
  })
