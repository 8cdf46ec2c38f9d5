import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client'
import type { Logger } from 'pino'
import type { SagaStart, SagaWake, createStarts } from './starts.ts'
import { describeError } from '../logger.ts'
import { kindOf, WAKE_UPDATE, type SagaContract, type SagaInput } from '../workflows/saga/contract.ts'

/** Temporal has this long to take a start or a wake: a caller never waits for it, and the sweep comes again. */
const CALL_TIMEOUT_MS = 300

/** Starts in flight at once; what is over that is left to the sweep. */
const IN_FLIGHT_MAX = 64

/** Starts and wakes that one sweep takes on. */
const SWEEP_MAX = 100

export interface SagaStarterOptions {
  client: Client
  starts: ReturnType<typeof createStarts>
  /** Every saga that there is. */
  sagas: readonly SagaContract[]
  /** The name of a participant's task queue. */
  queueOf: (participant: string) => string
  workflowTaskTimeoutMs: number
  /** What new sagas carry with them; see SagaInput. */
  input: Pick<SagaInput, 'queued' | 'pace'>
  log: Logger
}

/**
 * Starts workflows behind the answers of the API. A saga is accepted when its row is committed; that exactly one
 * workflow follows is the business of this file: it starts it at once where it can, and again until it is known to
 * run. A workflow's id is derived from the saga's, so a second start finds the first.
 */
export function createSagaStarter(options: SagaStarterOptions) {
  const { client, starts, log } = options
  let inFlight = 0

  const contractFor = (definition: string): SagaContract => {
    const saga = options.sagas.find(({ kind }) => kind === kindOf(definition))
    if (saga === undefined) throw new Error(`No workflow runs ${definition}`)
    return saga
  }

  const startNow = async (start: SagaStart): Promise<void> => {
    const saga = contractFor(start.definition)
    await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
      client.workflow
        .start(saga.workflowType, {
          workflowId: saga.workflowId(start.id),
          taskQueue: options.queueOf(saga.queue),
          workflowTaskTimeout: options.workflowTaskTimeoutMs,
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          args: [
            {
              id: start.id,
              definition: start.definition,
              deadlineAt: start.deadlineAt.getTime(),
              ...options.input,
            },
          ],
        })
        .catch((error: unknown) => {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
        }),
    )
    await starts.started(start.id)
  }

  const wakeNow = async (wake: SagaWake): Promise<void> => {
    const workflow = client.workflow.getHandle(contractFor(wake.definition).workflowId(wake.id))
    await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
      workflow.startUpdate(WAKE_UPDATE, { waitForStage: 'ACCEPTED' }).catch((error: unknown) => {
        // Nobody sleeps there any more.
        if (!(error instanceof WorkflowNotFoundError)) throw error
      }),
    )
    await starts.woken(wake)
  }

  /** Never rejects: what fails is found again by the sweep. */
  const inBackground = async (what: string, sagaId: string, call: () => Promise<unknown>): Promise<void> => {
    if (inFlight >= IN_FLIGHT_MAX) return
    inFlight += 1
    try {
      await call()
    } catch (error) {
      log.warn({ sagaId, error: describeError(error) }, `${what} failed, will be repeated`)
    } finally {
      inFlight -= 1
    }
  }

  return {
    /** Starts the workflow in the background. */
    start: (start: SagaStart): void => void inBackground('start', start.id, () => startNow(start)),
    /** Interrupts the waits of the workflow in the background, if it sleeps. */
    wake: (id: string): void =>
      void inBackground('wake', id, async () => {
        const wake = await starts.claimWake(id)
        if (wake !== undefined) await wakeNow(wake)
      }),
    /** Starts and wakes what was not yet. */
    async sweep(): Promise<void> {
      const room = () => Math.min(SWEEP_MAX, IN_FLIGHT_MAX - inFlight)
      const overdue = await starts.claimStarts(room())
      const asleep = await starts.claimWakes(Math.max(0, room() - overdue.length))
      await Promise.all([
        ...overdue.map((start) => inBackground('start', start.id, () => startNow(start))),
        ...asleep.map((wake) => inBackground('wake', wake.id, () => wakeNow(wake))),
      ])
    },
  }
}

export type SagaStarter = ReturnType<typeof createSagaStarter>
