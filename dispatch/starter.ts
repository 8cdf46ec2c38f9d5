import type { Logger } from 'pino'
import { logFieldsOf, sagaStream } from '../domain/saga/ids.ts'
import { isTerminal } from '../domain/saga/status.ts'
import { describeError } from '../logger.ts'
import { kindOf } from '../workflows/saga/contract.ts'
import { beginSpan, currentTraceParent, inTrace } from '../tracing.ts'
import { createCapacity } from './capacity.ts'
import { createFresh } from './fresh.ts'
import type { Orphans } from './orphans.ts'
import { createPump } from './pump.ts'
import type { NewSaga, SagaStart, Starts, SagaWake } from './starts.ts'
import { troubleOf } from './trouble.ts'
import type { Workflows } from './workflows.ts'

/** Starts in flight at most. A Temporal that takes less shows it. */
export const STARTS_MAX = 64

/** Wakes have places of their own, so that no number of starts keeps a customer's cancel waiting. */
const WAKES_MAX = 16

/** A busy Temporal answers within seconds. One that is away is asked more often, and for less long. */
const START_TIMEOUT_MS = 5000
const PROBE_TIMEOUT_MS = 2000

const POLL_MS = 250

export interface StarterOptions {
  workflows: Workflows
  starts: Starts
  orphans: Orphans
  log: Logger
}

/**
 * Starts and wakes workflows behind the answers of the API. A saga is accepted when its row is committed; that exactly
 * one workflow follows is the business of this file. The notes in the database are the queue, and each process pumps
 * them: the oldest first, as many at once as Temporal takes.
 */
export function createSagaStarter({ workflows, starts, orphans, log }: StarterOptions) {
  const capacityFor = (what: string, max: number) =>
    createCapacity({
      max,
      onAway: () => log.warn(`Temporal is away: ${what} wait until it is back`),
      onBack: (failed) => log.info({ failed }, `Temporal is back: ${what} go on`),
    })
  const startPlaces = capacityFor('starts', STARTS_MAX)
  const wakePlaces = capacityFor('wakes', WAKES_MAX)
  const fresh = createFresh()

  /** In the trace of its saga: the process that looks for starts may do so while it serves another request. */
  const runStart = (start: SagaStart): Promise<void> => inTrace(start.traceParent, () => startOnce(start))

  const startOnce = async (start: SagaStart): Promise<void> => {
    fresh.forget(start.id)
    const startedAt = performance.now()
    const { traceParent, definition, id, isRestart } = start
    const attributes = { 'ordersaga.saga.id': id, 'ordersaga.restart': isRestart }
    const span = beginSpan(`start ${definition}`, { kind: 'PRODUCER', attributes }, traceParent)
    try {
      // One that is over was started again by another process, and has ended since.
      if (!isOver(start)) {
        const timeoutMs = startPlaces.isAway() ? PROBE_TIMEOUT_MS : START_TIMEOUT_MS
        const isStarted = await inTrace(span?.traceParent ?? traceParent, () =>
          workflows.start(start, timeoutMs),
        )
        startPlaces.succeeded()
        // What an earlier call has started has its span, on which the attempts hang.
        if (isStarted) span?.end()
      }
    } catch (error) {
      const trouble = troubleOf(error)
      startPlaces.failed(trouble, startedAt)
      // A Temporal that is away is asked twice a second, and starts nothing: that makes no span.
      if (trouble === 'slow' || trouble === 'none') span?.end(trouble.toUpperCase())
      // One that fails for a reason of its own is left claimed for a while, so that it does not stop those behind it.
      if (trouble === 'none')
        log.error({ ...fieldsOf(start), error: describeError(error) }, 'a start failed, will be repeated')
      else await starts.unclaim(start.id).catch(claimExpires)
      return
    }
    await noteStarted(start).catch(claimExpires)
  }

  const isOver = ({ status, definition, isRestart }: SagaStart) =>
    isRestart && isTerminal(status) && !(status === 'completed' && workflows.hasRequiredEnd(definition))

  const noteStarted = async ({ id, definition }: SagaStart): Promise<void> => {
    // A saga that has no open status while it still has work is not found by its status, if its workflow is gone then.
    if (workflows.hasRequiredEnd(definition)) await orphans.watch(id)
    await starts.started(id)
  }

  const runWake = async (wake: SagaWake): Promise<void> => {
    const startedAt = performance.now()
    try {
      if (!(await workflows.wake(wake))) await orphans.summon(wake.id)
      wakePlaces.succeeded()
      await starts.woken(wake)
    } catch (error) {
      const trouble = troubleOf(error)
      // A wake is slow when no worker takes it. That says nothing of Temporal; it comes again when its claim expires.
      if (trouble !== 'slow') wakePlaces.failed(trouble, startedAt)
      if (trouble === 'none')
        log.warn({ ...fieldsOf(wake), error: describeError(error) }, 'a wake failed, will be repeated')
    }
  }

  const takeFailed = (what: string) => (error: unknown) =>
    log.warn({ error: describeError(error) }, `${what} could not be read, will be repeated`)

  const startPump = createPump<SagaStart>({
    take: (limit) => starts.claimStarts(limit, fresh.ids()),
    run: runStart,
    free: (inFlight) => startPlaces.free(inFlight),
    pollMs: POLL_MS,
    onTakeFailed: takeFailed('the notes of starts'),
  })
  const wakePump = createPump<SagaWake>({
    take: starts.claimWakes,
    run: runWake,
    free: (inFlight) => wakePlaces.free(inFlight),
    pollMs: POLL_MS,
    onTakeFailed: takeFailed('the notes of wakes'),
  })

  return {
    /**
     * Starts the workflow of a new saga in the background: at once if nothing that is older waits and there is room.
     */
    start(saga: NewSaga): void {
      const traceParent = currentTraceParent() ?? null
      if (startPump.offer({ ...saga, status: 'pending', isRestart: false, traceParent })) return
      fresh.add(saga.id)
      inTrace(undefined, startPump.kick)
    },
    /** Interrupts the waits of whatever workflow has a note that it is to be woken. */
    wake: () => inTrace(undefined, wakePump.kick),
    /** A workflow is noted to be started again. */
    restart: startPump.kick,
    /** Also takes what has become due by itself: what was left by another process, or could not be done before. */
    run(): void {
      startPump.run()
      wakePump.run()
    },
    /** Takes nothing more, and waits for the calls in flight. */
    async stop(): Promise<void> {
      await Promise.all([startPump.stop(), wakePump.stop()])
    },
  }
}

export type SagaStarter = ReturnType<typeof createSagaStarter>

const fieldsOf = ({ id, definition }: Pick<NewSaga, 'id' | 'definition'>) =>
  logFieldsOf(sagaStream(kindOf(definition), id))

/** The note stays, and is claimed again later. */
const claimExpires = (): void => undefined
