import type { Services } from '../activities/index.ts'
import { createOrderJournal } from '../domain/order/journal.ts'
import { PARTICIPANTS } from '../domain/participants.ts'
import { guardProvider, type GuardedProvider, type GuardOptions } from '../domain/provider/guard.ts'
import { createProviderHttp } from '../domain/provider/http.ts'
import type { LocalPermits } from '../domain/provider/permits.ts'
import { bindSteps, type Reach } from '../domain/saga/step.ts'
import { createTransferJournal } from '../domain/transfer/journal.ts'
import type { Database } from '../prisma/client.ts'
import { perProvider, PROVIDERS, type PerProvider, type ProviderName } from '../providers.ts'

export interface Wiring {
  services: Services
  /** The providers behind them, to be watched. */
  providers: GuardedProvider[]
}

export interface WiringOptions {
  db: Database
  /** Base URLs. */
  urls: PerProvider<string>
  reach: Reach
  /** Permits for local calls to one provider. */
  permits?: () => LocalPermits
  /** What observes the guard of a provider. */
  watch?: (name: ProviderName) => Pick<GuardOptions, 'onBreaker' | 'onRejected'>
}

/** The wiring: what the activities of a worker call. */
export function createServices({ db, urls, reach, watch, permits }: WiringOptions): Wiring {
  const guarded = perProvider((name) =>
    guardProvider({
      name,
      http: createProviderHttp({ name, baseUrl: urls[name] }),
      slots: PROVIDERS[name].slots,
      ...(permits === undefined ? {} : { permits: permits() }),
      ...watch?.(name),
    }),
  )
  const providers = perProvider((name) => guarded[name].http)
  return {
    services: {
      steps: bindSteps(PARTICIPANTS, { db, reach, providers }),
      journals: { order: createOrderJournal({ db }), transfer: createTransferJournal({ db }) },
    },
    providers: Object.values(guarded),
  }
}
