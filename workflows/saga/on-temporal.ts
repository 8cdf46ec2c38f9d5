import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineUpdate,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow'
import type { StepAnswer } from '../../domain/saga/step-answer.ts'
import { WAKE_UPDATE, type SagaDefinition } from './definition.ts'
import {
  ATTEMPTS,
  BACKOFF,
  HEARTBEAT_TIMEOUT_MS,
  LOCAL_ATTEMPT_TIMEOUT_MS,
  QUEUED_ATTEMPT_TIMEOUT_MS,
  type Policy,
} from './policies.ts'
import {
  runSaga,
  type CallOutcome,
  type Call,
  type SagaChange,
  type SagaOutcome,
  type SagaPorts,
} from './run-saga.ts'

/** The input of every saga's workflow. It carries all that decides its course, so a changed setting spares it. */
export interface SagaInput {
  readonly id: string
  /** The definition to run, e.g. `order@1`. */
  readonly definition: string
  /** Milliseconds since the epoch. */
  readonly deadlineAt: number
  /** Steps that are never tried locally. */
  readonly queued?: readonly string[]
  /** Factor on every wait and back-off; 1 unless a test or a demonstration is in a hurry. */
  readonly pace?: number
}

/** Events after which a saga that only waits is continued as new. */
const HISTORY_EVENTS_MAX = 1000

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
  const invoke = async (call: Call): Promise<CallOutcome> => {
    // A cancel of the workflow takes the way of every cancel: it becomes a wish on the row, which then decides.
    if (waits.isCancelDue() && (await note({ kind: 'cancelWished' }, 'untilDone'))) waits.cancelNoted()
    return waits.busy(() => execute(call, input))
  }
  const note = (change: SagaChange, policy: Policy): Promise<boolean> => {
    const call = { activity: saga.journal.note, at: saga.journal.at, policy, input: { change } } as const
    return waits.busy(async () => {
      const told = await execute({ ...call, mode: 'local', attemptsMax: 1 }, input)
      if (told.kind === 'done') return true
      const queuedCall = { ...call, mode: 'queue', attemptsMax: ATTEMPTS[policy] - 1 } as const
      return (await execute(queuedCall, input)).kind === 'done'
    })
  }
  return {
    invoke,
    wait: waits.wait,
    report: async (change) => void (await note(change, 'bestEffort')),
    shield: (work) => CancellationScope.nonCancellable(work),
    now: () => Date.now(),
  }
}

async function execute(call: Call, input: SagaInput): Promise<CallOutcome> {
  try {
    const activities = call.mode === 'local' ? local() : queued(call, input)
    const activity = activities[call.activity]
    if (activity === undefined) return { kind: 'unknown', error: 'NO_SUCH_ACTIVITY' }
    return await activity({ id: input.id, ...call.input })
  } catch (error) {
    return asOutcome(error, call.mode)
  }
}

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

interface Waits {
  wait: SagaPorts['wait']
  /** The workflow was cancelled, and its row does not know yet. */
  isCancelDue(): boolean
  cancelNoted(): void
  /** Runs work during which the workflow must not be continued as new. */
  busy<T>(work: () => Promise<T>): Promise<T>
  /** Rejects with the request to continue as new, when a saga that only waits has a long history. */
  readonly renewed: Promise<never>
}

function createWaits(input: SagaInput): Waits {
  let wakes = 0
  let isWakePending = false
  let waiting = 0
  let working = 0
  let isCancelDue = false
  const wake = () => {
    // Whatever is in work now began before: the wait that follows it has been woken already.
    if (waiting === 0 || working > 0) isWakePending = true
    wakes += 1
  }
  setHandler(defineUpdate<void>(WAKE_UPDATE), wake)
  void CancellationScope.current().cancelRequested.catch(() => {
    isCancelDue = true
    wake()
  })
  let renew = (_request: unknown): void => undefined
  const renewed = new Promise<never>((_resolve, reject) => {
    renew = reject
  })
  const isLong = () =>
    workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > HISTORY_EVENTS_MAX

  const wait: Waits['wait'] = async (ms, deadlineAt = Number.POSITIVE_INFINITY) => {
    if (working === 0 && !isCancelDue && isLong())
      await continueAsNew<(again: SagaInput) => Promise<SagaOutcome>>(input).catch(renew)
    if (isWakePending) {
      isWakePending = false
      return 'woken'
    }
    const seen = wakes
    const jitteredMs = ms * (input.pace ?? 1) * (1 + Math.random() / 4)
    const leftMs = deadlineAt - Date.now()
    waiting += 1
    const isWoken = await condition(() => wakes > seen, Math.max(1, Math.ceil(Math.min(jitteredMs, leftMs))))
    waiting -= 1
    if (isWoken) return 'woken'
    return leftMs <= jitteredMs ? 'deadline' : 'elapsed'
  }
  return {
    wait,
    isCancelDue: () => isCancelDue,
    cancelNoted() {
      isCancelDue = false
    },
    async busy(work) {
      working += 1
      try {
        return await work()
      } finally {
        working -= 1
      }
    },
    renewed,
  }
}
