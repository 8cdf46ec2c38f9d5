import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  proxyActivities,
  proxyLocalActivities,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow'
import type { StepAnswer } from '../../domain/saga/step-answer.ts'
import type { SagaInput } from './contract.ts'
import type { SagaDefinition } from './definition.ts'
import {
  ATTEMPTS,
  BACKOFF,
  HEARTBEAT_TIMEOUT_MS,
  LOCAL_ATTEMPT_TIMEOUT_MS,
  QUEUED_ATTEMPT_TIMEOUT_MS,
  type Policy,
} from './policies.ts'
import { runSaga, type CallOutcome, type Call, type SagaOutcome, type SagaPorts } from './run-saga.ts'
import { createWaits, type Waits } from './waits.ts'

type AnyActivities = Record<string, (input: unknown) => Promise<StepAnswer>>

/**
 * Runs a saga as a Temporal workflow. The kernel decides; this file turns its five ports into commands.
 * @throws Error when the definition is newer than this worker's code: a deployment is under way.
 */
export async function runOnTemporal(
  definitions: readonly SagaDefinition[],
  input: SagaInput,
): Promise<SagaOutcome> {
  const saga = definitions.find((definition) => definition.name === input.definition)
  // Not an ApplicationFailure: the task, not the workflow, fails, and is tried again until a worker knows it.
  if (saga === undefined) throw new Error(`This worker knows no saga ${input.definition}`)
  const waits = createWaits(input)
  const ports = createPorts(saga, input, waits)
  const run = { deadlineAt: input.deadlineAt, queued: input.queued ?? [] }
  return Promise.race([runSaga(saga, ports, run), waits.renewed])
}

function createPorts(saga: SagaDefinition, input: SagaInput, waits: Waits): SagaPorts {
  const { journal } = saga
  return {
    async invoke(call) {
      // A cancel of the workflow takes the way of every cancel: it becomes a wish on the row, which then decides.
      if (waits.cancel.isDue() && (await record(journal.cancel, {}, 'untilDone'))) waits.cancel.noted()
      return waits.attempt(call.activity, () => execute(call, input))
    },
    wait: waits.wait,
    report: (change) => record(journal.note, { change }, 'bestEffort'),
    shield: (work) => CancellationScope.nonCancellable(work),
    now: () => Date.now(),
  }

  /** One round of attempts at an entry of the journal that the saga can go on without. Answers whether it is made. */
  function record(activity: string, entry: Call['input'], policy: Policy): Promise<boolean> {
    const call = { activity, at: journal.at, policy, input: entry }
    return waits.busy(async () => {
      const first = await execute({ ...call, mode: 'local', attemptsMax: 1 }, input)
      if (first.kind === 'done') return true
      const rest = await execute({ ...call, mode: 'queue', attemptsMax: ATTEMPTS[policy] - 1 }, input)
      return rest.kind === 'done'
    })
  }
}

async function execute(call: Call, input: SagaInput): Promise<CallOutcome> {
  try {
    const activities = call.mode === 'local' ? local() : queued(call, input)
    const activity = activities[call.activity]
    if (activity === undefined) return { kind: 'unknown', error: 'NO_SUCH_ACTIVITY' }
    return asAnswer(await activity({ id: input.id, ...call.input }))
  } catch (error) {
    return asOutcome(error, call.mode)
  }
}

const ANSWERS = new Set<unknown>([
  'done',
  'refused',
  'unavailable',
  'notLocal',
] satisfies StepAnswer['kind'][])

/** An activity can be completed by hand, with anything: what is no answer of ours tells nothing. */
const asAnswer = (result: StepAnswer | null | undefined): CallOutcome =>
  ANSWERS.has(result?.kind) ? (result as StepAnswer) : { kind: 'unknown', error: 'MALFORMED' }

const local = () =>
  proxyLocalActivities<AnyActivities>({
    startToCloseTimeout: LOCAL_ATTEMPT_TIMEOUT_MS,
    retry: { maximumAttempts: 1 },
  })

function queued(call: Call, input: SagaInput): AnyActivities {
  const pace = input.pace ?? 1
  const leftMs = call.deadlineAt === undefined ? undefined : Math.max(1, call.deadlineAt - Date.now())
  return proxyActivities<AnyActivities>({
    taskQueue: queueOf(call.at),
    startToCloseTimeout: QUEUED_ATTEMPT_TIMEOUT_MS,
    heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
    ...(leftMs === undefined ? {} : { scheduleToCloseTimeout: leftMs }),
    retry: {
      maximumAttempts: call.attemptsMax,
      initialInterval: Math.max(1, BACKOFF.initialMs * pace),
      backoffCoefficient: BACKOFF.coefficient,
      maximumInterval: Math.max(1, BACKOFF.maxMs * pace),
    },
  })
}

/** Participants' queues carry the prefix of the workflow's own. */
function queueOf(participant: string): string {
  const { taskQueue } = workflowInfo()
  return taskQueue.slice(0, taskQueue.lastIndexOf('.') + 1) + participant
}

/**
 * What an exception out of an activity means. A queued activity's failure comes wrapped; a local timeout is wrapped
 * when it happens and bare when it is replayed: so the wrapper is taken off and never looked at.
 */
function asOutcome(error: unknown, mode: Call['mode']): CallOutcome {
  const failure = error instanceof ActivityFailure ? error.cause : error
  if (failure instanceof ApplicationFailure) return { kind: 'fault', error: failure.type ?? 'FAULT' }
  if (failure instanceof TimeoutFailure) return { kind: 'unknown', error: 'TIMEOUT' }
  // A worker that carries only some participants has no such local activity.
  if (failure instanceof ReferenceError && mode === 'local') return { kind: 'notLocal' }
  return { kind: 'unknown', error: failure instanceof Error ? failure.name : 'UNKNOWN' }
}
