import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client'
import type { Logger } from 'pino'
import type { SagaStart, createStarts } from '../domain/saga/starts.ts'
import { describeError } from '../logger.ts'
import { ORDER_SAGA, orderWorkflowId, type SagaInput } from '../workflows/order/contract.ts'

/** Temporal has this long to take a start or a wake: a caller never waits for it, and the sweep comes again. */
const CALL_TIMEOUT_MS = 300

/** Starts in flight at once; what is over that is left to the sweep. */
const IN_FLIGHT_MAX = 64

const SWEEP_INTERVAL_MS = 1000
const SWEEP_MAX = 100

export interface OrderStarterOptions {
  client: Client
  starts: ReturnType<typeof createStarts>
  taskQueue: string
  workflowTaskTimeoutMs: number
  /** What new sagas carry with them; see SagaInput. */
  input: Pick<SagaInput, 'queued' | 'pace'>
  log: Logger
}

/**
 * Starts workflows behind the answers of the API. An order is accepted when it is committed; that exactly one
 * workflow follows is the business of this file: it starts it at once where it can, and again until it is known to
 * run. A workflow's id is derived from the order's, so a second start finds the first.
 */
export function createOrderStarter(options: OrderStarterOptions) {
  const { client, starts, log } = options
  let inFlight = 0
  let isSweeping = false

  const startNow = async (start: SagaStart): Promise<void> => {
    await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
      client.workflow
        .start(ORDER_SAGA.workflowType, {
          workflowId: orderWorkflowId(start.id),
          taskQueue: options.taskQueue,
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
    await starts.settle(start.id)
  }

  const limited = async (what: string, sagaId: string, call: () => Promise<unknown>): Promise<void> => {
    if (inFlight >= IN_FLIGHT_MAX) return
    inFlight += 1
    try {
      await call()
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError))
        log.warn({ sagaId, error: describeError(error) }, `${what} failed, will be repeated`)
    } finally {
      inFlight -= 1
    }
  }

  const wakeNow = (id: string) =>
    client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
      client.workflow
        .getHandle(orderWorkflowId(id))
        .startUpdate(ORDER_SAGA.wakeUpdate, { waitForStage: 'ACCEPTED' }),
    )

  const sweep = async (): Promise<void> => {
    if (isSweeping) return
    isSweeping = true
    try {
      const overdue = await starts.claim(SWEEP_MAX)
      const asleep = await starts.sleepers(SWEEP_MAX)
      await Promise.all([
        ...overdue.map((start) => limited('start', start.id, () => startNow(start))),
        ...asleep.map(({ id }) => limited('wake', id, () => wakeNow(id))),
      ])
    } catch (error) {
      log.warn({ error: describeError(error) }, 'sweep failed, will be repeated')
    } finally {
      isSweeping = false
    }
  }

  return {
    /** Starts the workflow in the background. */
    start: (start: SagaStart): void => void limited('start', start.id, () => startNow(start)),
    /** Interrupts the waits of the workflow in the background. */
    wake: (id: string): void => void limited('wake', id, () => wakeNow(id)),
    /** Begins to sweep; the returned function ends it. */
    sweepRegularly(): () => void {
      const timer = setInterval(() => void sweep(), SWEEP_INTERVAL_MS)
      return () => clearInterval(timer)
    },
  }
}

export type OrderStarter = ReturnType<typeof createOrderStarter>
