import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client'
import { kindOf, WAKE_UPDATE, type SagaContract, type SagaInput } from '../workflows/saga/contract.ts'
import type { SagaStart } from './starts.ts'

export interface WorkflowOptions {
  client: Client
  /** Every saga that there is. */
  sagas: readonly SagaContract[]
  /** The name of a participant's task queue. */
  queueOf: (participant: string) => string
  workflowTaskTimeoutMs: number
  /** What new sagas carry with them; see SagaInput. */
  input: Pick<SagaInput, 'queued' | 'pace'>
}

type Named = Pick<SagaStart, 'id' | 'definition'>

/** A wake that no worker has taken by then is repeated. So is a look at a workflow. */
const WAKE_TIMEOUT_MS = 2000
const FIND_TIMEOUT_MS = 3000

/** As Temporal names them. A workflow with any other status is taken for open. */
const CLOSED = new Set(['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT'])

/**
 * The workflows of sagas at Temporal. The id of a workflow is derived from that of its saga, so a second start finds
 * the first. Every call rejects with Temporal's error when it could not be made; `troubleOf` reads it.
 */
export function createWorkflows({ client, sagas, queueOf, workflowTaskTimeoutMs, input }: WorkflowOptions) {
  const contractFor = (definition: string): SagaContract => {
    const saga = sagas.find(({ kind }) => kind === kindOf(definition))
    if (saga === undefined) throw new Error(`No workflow runs ${definition}`)
    return saga
  }
  const handleOf = ({ id, definition }: Named) =>
    client.workflow.getHandle(contractFor(definition).workflowId(id))

  return {
    /**
     * Starts a workflow, unless it runs. A first start refuses an id that was used before: a start whose answer was
     * lost must not run a saga again that has ended meanwhile. A restart is made only where a workflow was found to be
     * gone.
     * @returns whether it was this call that has started it.
     */
    start({ id, definition, deadlineAt, isRestart }: SagaStart, timeoutMs: number): Promise<boolean> {
      const saga = contractFor(definition)
      return client.withDeadline(Date.now() + timeoutMs, () =>
        client.workflow
          .start(saga.workflowType, {
            workflowId: saga.workflowId(id),
            taskQueue: queueOf(saga.queue),
            workflowTaskTimeout: workflowTaskTimeoutMs,
            workflowIdReusePolicy: isRestart ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
            workflowIdConflictPolicy: 'FAIL',
            args: [{ id, definition, deadlineAt: deadlineAt.getTime(), ...input }],
          })
          .then(
            () => true,
            (error: unknown) => {
              if (error instanceof WorkflowExecutionAlreadyStartedError) return false
              throw error
            },
          ),
      )
    },

    /** Interrupts the waits of a workflow. Answers whether one is open. */
    wake: (saga: Named): Promise<boolean> =>
      client.withDeadline(Date.now() + WAKE_TIMEOUT_MS, () =>
        handleOf(saga)
          .startUpdate(WAKE_UPDATE, { waitForStage: 'ACCEPTED' })
          .then(() => true, absent(false)),
      ),

    /** `OPEN`, or how the newest run was closed, or `MISSING`. Read from its history, which is never behind. */
    find: (saga: Named): Promise<string> =>
      client.withDeadline(Date.now() + FIND_TIMEOUT_MS, () =>
        handleOf(saga)
          .describe()
          .then(({ status: { name } }): string => (CLOSED.has(name) ? name : 'OPEN'), absent('MISSING')),
      ),

    /** Whether a saga of this definition has something that must be done after its pivot. */
    hasRequiredEnd: (definition: string): boolean =>
      contractFor(definition)
        .steps.get(definition)
        ?.some(({ kind, isOptional }) => kind === 'retriable' && !isOptional) ?? false,

    /** The steps of every definition that this process knows. */
    outlines: Object.fromEntries(sagas.flatMap(({ steps }) => [...steps])),
  }
}

export type Workflows = ReturnType<typeof createWorkflows>

/** Only a workflow that is not there is absent: not a namespace, nor a Temporal. */
const absent =
  <T>(answer: T) =>
  (error: unknown): T => {
    if (error instanceof WorkflowNotFoundError) return answer
    throw error
  }
