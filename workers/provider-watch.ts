import os from 'node:os'
import type { Logger } from 'pino'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { createDependencies } from '../domain/operations/dependencies.ts'
import type { BreakerState, GuardedProvider } from '../domain/provider/guard.ts'
import { describeError } from '../logger.ts'
import type { ProviderWatch } from './wiring.ts'

/** How often a worker reports how it sees its providers. */
const REPORT_INTERVAL_MS = 5000

const STATE_VALUES: Record<BreakerState, number> = { closed: 0, 'half-open': 1, open: 2 }

/** Counts what the guards of the providers do, and logs how breakers move. */
export function createProviderMetrics(registry: Registry, log: Logger) {
  const registers = [registry]
  const state = new Gauge({
    name: 'ordersaga_provider_breaker_state',
    help: '0 closed, 1 half-open, 2 open',
    labelNames: ['provider'],
    registers,
  })
  const transitions = new Counter({
    name: 'ordersaga_provider_breaker_transitions_total',
    help: 'How often a breaker has moved to a state',
    labelNames: ['provider', 'to'],
    registers,
  })
  const rejected = new Counter({
    name: 'ordersaga_provider_calls_rejected_total',
    help: 'Calls that were not made: the breaker was open, no permit for a local one, or no turn under the limit',
    labelNames: ['provider', 'why'],
    registers,
  })
  const hedges = new Counter({
    name: 'ordersaga_provider_hedges_total',
    help: 'Reads that were late and sent a second time, and those of them that the second copy answered',
    labelNames: ['provider', 'what'],
    registers,
  })
  const limit = new Gauge({
    name: 'ordersaga_provider_concurrency_limit',
    help: 'Calls at once that this process makes, where that adapts to how long they take',
    labelNames: ['provider'],
    registers,
  })
  return (provider: string, onMove: () => void): Required<ProviderWatch> => {
    state.set({ provider }, STATE_VALUES.closed)
    // From the start: a series that begins at one has not increased.
    for (const to of Object.keys(STATE_VALUES)) transitions.inc({ provider, to }, 0)
    for (const why of ['breaker', 'permit', 'limit']) rejected.inc({ provider, why }, 0)
    for (const what of ['sent', 'won']) hedges.inc({ provider, what }, 0)
    return {
      onBreaker(to) {
        state.set({ provider }, STATE_VALUES[to])
        transitions.inc({ provider, to })
        log.warn({ provider, breaker: to }, 'breaker moved')
        onMove()
      },
      onRejected: (why) => rejected.inc({ provider, why }),
      onHedge: (what) => hedges.inc({ provider, what }),
      onLimit: (calls) => limit.set({ provider }, calls),
    }
  }
}

/** Shows the calls that are under way to each provider, and how many there may be. */
export function watchBulkheads(registry: Registry, providers: readonly GuardedProvider[]): void {
  const show = (name: string, help: string, measure: (provider: GuardedProvider) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['provider'],
      registers: [registry],
      collect() {
        for (const provider of providers) this.set({ provider: provider.name }, measure(provider))
      },
    })
  show('ordersaga_provider_calls_in_use', 'Calls under way', (provider) => provider.bulkhead().inUse)
  show('ordersaga_provider_calls_max', 'Calls at once at most', (provider) => provider.bulkhead().limit)
}

/**
 * Reports regularly, and when a breaker moves, how this process sees its providers. Best effort: the report has its
 * time.
 */
export function reportProviders(
  providers: readonly GuardedProvider[],
  dependencies: ReturnType<typeof createDependencies>,
  log: Logger,
): { now: () => void; stop: () => Promise<void> } {
  const process_ = `${process.pid}@${os.hostname()}`
  const now = () => {
    for (const provider of providers) {
      dependencies
        .report(process_, provider)
        .catch((error: unknown) => log.debug({ error: describeError(error) }, 'could not report a provider'))
    }
  }
  now()
  const timer = setInterval(now, REPORT_INTERVAL_MS)
  return {
    now,
    async stop() {
      clearInterval(timer)
      await dependencies.forget(process_).catch(() => undefined)
    },
  }
}
