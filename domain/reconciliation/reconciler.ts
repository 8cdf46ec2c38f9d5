import { Fault } from '../../faults.ts'
import type { Database } from '../../prisma/client.ts'
import { PROVIDER_NAMES, type PerProvider, type ProviderName } from '../../providers.ts'
import { createMaintenance } from '../operations/maintenance.ts'
import type { ProviderHttp } from '../provider/http.ts'
import { createListing } from '../provider/listing.ts'
import { BREAKER_OPEN } from '../provider/protocol.ts'
import { comparePart, TOO_MANY_DIFFERENCES, TOO_MANY_LOOKUPS, TOO_MANY_PAGES } from './compare.ts'
import { createDifferences } from './differences.ts'
import { createOurRecords } from './our-records.ts'
import { createRuns, type ClaimedPart, type Counts, type Schedule } from './runs.ts'
import { RECONCILED, type ReconciledStep } from './steps.ts'

/** How often a part that goes on says so, in milliseconds: much sooner than its claim expires. */
const EXTEND_EVERY_MS = 3000

/** No further attempt would do better with these. */
const FOR_GOOD: ReadonlySet<string> = new Set([TOO_MANY_DIFFERENCES, TOO_MANY_LOOKUPS, TOO_MANY_PAGES])

export interface ReconcilerOptions {
  db: Database
  /** Connections of its own: the guards and the permits of the orders have no part in it. */
  http: PerProvider<ProviderHttp>
  /** The providers whose adapters this process has; all unless said otherwise. */
  served?: readonly ProviderName[]
  schedule: Schedule
  /** What has changed within so many seconds is left to the next run. */
  afterSeconds: number
  callsPerSecond: number
  /** Called when a run ends, with how it ended. */
  onEnd?: (outcome: 'ended' | 'failed') => void
  onTrouble?: (what: string, error: unknown) => void
}

/**
 * Compares our record with what the providers list: when it is due, and when a person asks for it. Several processes may
 * do this; each part of a run is one process's at a time, and one that was killed leaves its part to another.
 */
export function createReconciler(options: ReconcilerOptions) {
  const { db, served = PROVIDER_NAMES, onEnd = () => undefined, onTrouble = () => undefined } = options
  const runs = createRuns({ db, steps: RECONCILED })
  const differences = createDifferences({ db })
  const ending = new AbortController()

  const compare = async (
    part: ClaimedPart,
    step: ReconciledStep,
    counts: Counts,
    signal: AbortSignal,
  ): Promise<void> => {
    const { breakers } = await createMaintenance({ db }).read()
    if (breakers[step.provider] === 'open')
      throw new Fault(BREAKER_OPEN, 'an operator holds the breaker open')
    const window = await runs.begin(part.runId, options.afterSeconds)
    const listing = createListing({
      http: options.http[step.provider],
      collection: step.collection,
      isMoney: step.isMoney,
      perSecond: options.callsPerSecond,
      signal,
      onCall: () => (counts.calls += 1),
    })
    await comparePart({
      part,
      step,
      window,
      listing,
      records: createOurRecords(db, step),
      differences,
      counts,
      signal,
    })
  }

  const work = async (part: ClaimedPart): Promise<void> => {
    const step = RECONCILED.find(({ name }) => name === part.step)
    if (step === undefined) throw new Error(`${part.step} is not known here`)
    const counts = { theirs: 0, ours: 0, found: 0, calls: 0 }
    const lost = new AbortController()
    const extend = async () => {
      if (!(await runs.extend(part, counts))) lost.abort()
    }
    // Also while a provider lets it wait: the claim is shorter than that may take.
    const timer = setInterval(() => void extend().catch(() => undefined), EXTEND_EVERY_MS)
    try {
      await compare(part, step, counts, AbortSignal.any([ending.signal, lost.signal]))
      await extend()
      await runs.end(part)
    } catch (error) {
      if (lost.signal.aborted) return
      if (ending.signal.aborted) return await runs.leave(part)
      const code = error instanceof Fault ? error.code : 'FAULT'
      await runs.giveUp(part, code, FOR_GOOD.has(code))
      onTrouble(`could not reconcile ${part.step}`, error)
    } finally {
      clearInterval(timer)
    }
  }

  return {
    /** Does what is to be done now. */
    async advance(): Promise<void> {
      if (!(await runs.hasWork(options.schedule))) return
      await runs.requestDue(options.schedule)
      for (;;) {
        const part = ending.signal.aborted ? undefined : await runs.claim(served)
        if (part !== undefined) await work(part)
        const outcomes = await runs.finish()
        outcomes.forEach(onEnd)
        if (outcomes.length > 0) await differences.prune()
        if (part === undefined) return
      }
    },

    /** Gives up what is in progress, so that another process begins it again. */
    stop(): void {
      ending.abort()
    },
  }
}

export type Reconciler = ReturnType<typeof createReconciler>
