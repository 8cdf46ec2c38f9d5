import type { Services } from '../activities/index.ts'
import { createOrderJournal } from '../domain/order/journal.ts'
import { PARTICIPANTS } from '../domain/participants.ts'
import { guardProvider, type GuardedProvider, type GuardOptions } from '../domain/provider/guard.ts'
import { hedgeReads, type HedgeOptions } from '../domain/provider/hedge.ts'
import { createProviderHttp } from '../domain/provider/http.ts'
import { LIST_BYTES_MAX } from '../domain/provider/listing.ts'
import { createConcurrencyLimit } from '../domain/provider/limit.ts'
import { PERMITS, type LocalPermits } from '../domain/provider/permits.ts'
import {
  createReconciler,
  type Reconciler,
  type ReconcilerOptions,
} from '../domain/reconciliation/reconciler.ts'
import { createParcelFeed, type ParcelFeed } from '../domain/shipping/parcel-feed.ts'
import { bindSteps, type Reach } from '../domain/saga/step.ts'
import { createReturnJournal } from '../domain/return/journal.ts'
import { createReturnMessages } from '../domain/return/messages.ts'
import { createTransferJournal } from '../domain/transfer/journal.ts'
import type { Database } from '../prisma/client.ts'
import { perProvider, PROVIDERS, type PerProvider, type ProviderName } from '../providers.ts'

export interface Wiring {
  services: Services
  /** What the carrier says of returns. */
  parcelFeed: ParcelFeed
  /** The providers behind them, to be watched. */
  providers: GuardedProvider[]
  /** Compares our record with what the providers list. */
  reconcilerWith: (settings: ReconcilerSettings) => Reconciler
}

export type ReconcilerSettings = Omit<ReconcilerOptions, 'db' | 'http'>

export interface WiringOptions {
  db: Database
  /** Base URLs. */
  urls: PerProvider<string>
  reach: Reach
  /** Permits for local calls to one provider. */
  permits?: () => LocalPermits
  /** Whether a late read is sent a second time; not unless said so. */
  hedgedReads?: boolean
  /** Whether the calls at once to a provider follow from how long they take; fixed unless said so. */
  adaptiveConcurrency?: boolean
  /** What observes the guard of a provider. */
  watch?: (name: ProviderName) => ProviderWatch
}

export interface ProviderWatch
  extends Pick<GuardOptions, 'onBreaker' | 'onRejected'>, Pick<HedgeOptions, 'onHedge'> {
  onLimit?: (limit: number) => void
}

/** The wiring: what the activities of a worker call. */
export function createServices({ db, urls, reach, watch, permits, ...options }: WiringOptions): Wiring {
  const guarded = perProvider((name) => {
    const { onHedge, onLimit, ...guard } = watch?.(name) ?? {}
    const { slots } = PROVIDERS[name]
    const http = createProviderHttp({ name, baseUrl: urls[name] })
    return guardProvider({
      name,
      http:
        options.hedgedReads === true
          ? hedgeReads({ http, ...(onHedge === undefined ? {} : { onHedge }) })
          : http,
      slots,
      ...(permits === undefined ? {} : { permits: permits() }),
      ...(options.adaptiveConcurrency === true
        ? {
            limit: createConcurrencyLimit(slots + PERMITS, onLimit === undefined ? {} : { onLimit }),
          }
        : {}),
      ...guard,
    })
  })
  const providers = perProvider((name) => guarded[name].http)
  return {
    services: {
      steps: bindSteps(PARTICIPANTS, { db, reach, providers }),
      journals: {
        order: createOrderJournal({ db }),
        transfer: createTransferJournal({ db }),
        return: createReturnJournal({ db }),
      },
    },
    parcelFeed: createParcelFeed({ carrier: providers.shipping, messages: createReturnMessages({ db }) }),
    providers: Object.values(guarded),
    reconcilerWith: (settings) =>
      createReconciler({
        ...settings,
        db,
        http: perProvider((name) =>
          createProviderHttp({ name, baseUrl: urls[name], answerBytesMax: LIST_BYTES_MAX }),
        ),
      }),
  }
}
