import { WAKE_UPDATE, type SagaInput } from '../../workflows/saga/contract.ts'

/** When a history begins. */
export const BEGAN_AT = Date.UTC(2026, 0, 1)

/** With this flag of the SDK's core a replay compares the ids and types of activities and timers too. */
const ID_AND_TYPE_CHECKS = 1

/**
 * Writes a workflow's history by hand, as proto3 JSON: an executable specification of what the saga does when the
 * world behaves in a way that is hard to provoke. Each method is one thing that happens; ids are counted.
 */
export function buildHistory(input: Partial<SagaInput> = {}) {
  const events: Record<string, unknown>[] = []
  let nowMs = BEGAN_AT
  let activities = 0
  const timers: string[] = []
  let completedTaskId = ''

  const add = (type: string, attributes: Record<string, unknown>): string => {
    const eventId = String(events.length + 1)
    const name = type.toLowerCase().replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    events.push({
      eventId,
      eventTime: new Date(nowMs).toISOString(),
      eventType: `EVENT_TYPE_${type}`,
      [`${name}EventAttributes`]: attributes,
    })
    return eventId
  }
  const timerId = (startedEventId: string) => String(timers.indexOf(startedEventId) + 1)
  const woken = (sequencingEventId: string) => {
    const updateId = `wake-${sequencingEventId}`
    const meta = { updateId, identity: 'api' }
    const acceptedEventId = add('WORKFLOW_EXECUTION_UPDATE_ACCEPTED', {
      protocolInstanceId: updateId,
      acceptedRequestMessageId: `${updateId}/request`,
      acceptedRequestSequencingEventId: sequencingEventId,
      acceptedRequest: { meta, input: { header: {}, name: WAKE_UPDATE, args: {} } },
    })
    const nothing = { payloads: [{ metadata: { encoding: base64('binary/null') } }] }
    add('WORKFLOW_EXECUTION_UPDATE_COMPLETED', { meta, acceptedEventId, outcome: { success: nothing } })
  }
  const queue = (name: string) => ({ name, kind: 'TASK_QUEUE_KIND_NORMAL' })

  const builder = {
    /** Lets time pass before the next event. */
    later(ms: number) {
      nowMs += ms
      return builder
    },
    /**
     * A workflow task from schedule to completion; what the workflow then asked for follows it.
     * @param isWoken whether somebody has sent the update `wake` before it.
     */
    workflowTask({ isHistoryLong = false, isWoken = false } = {}) {
      const scheduledEventId = add('WORKFLOW_TASK_SCHEDULED', {
        taskQueue: queue('order'),
        startToCloseTimeout: '4s',
        attempt: 1,
      })
      const startedEventId = add('WORKFLOW_TASK_STARTED', {
        scheduledEventId,
        identity: 'worker',
        requestId: scheduledEventId,
        suggestContinueAsNew: isHistoryLong,
      })
      completedTaskId = add('WORKFLOW_TASK_COMPLETED', {
        scheduledEventId,
        startedEventId,
        identity: 'worker',
        sdkMetadata: { coreUsedFlags: [ID_AND_TYPE_CHECKS] },
      })
      if (isWoken) woken(scheduledEventId)
      return builder
    },
    /** A local attempt that ended within the workflow task. */
    local(activity: string, end: { result: unknown } | { failure: Failure }) {
      activities += 1
      const atMs = Math.floor(nowMs / 1000)
      const data = {
        seq: activities,
        attempt: 1,
        activity_id: String(activities),
        activity_type: activity,
        complete_time: { seconds: atMs, nanos: 0 },
        backoff: null,
        original_schedule_time: { seconds: atMs, nanos: 0 },
      }
      const details = { data: payloads(data), ...('result' in end ? { result: payloads(end.result) } : {}) }
      add('MARKER_RECORDED', {
        markerName: 'core_local_activity',
        details,
        workflowTaskCompletedEventId: completedTaskId,
        ...('failure' in end ? { failure: failure(end.failure) } : {}),
      })
      return builder
    },
    /** An activity put on its participant's queue; answers its event, by which it later ends. */
    scheduled(activity: string, at: string): string {
      activities += 1
      return add('ACTIVITY_TASK_SCHEDULED', {
        activityId: String(activities),
        activityType: { name: activity },
        taskQueue: queue(at),
        workflowTaskCompletedEventId: completedTaskId,
      })
    },
    completed(scheduledEventId: string, result: unknown) {
      const startedEventId = add('ACTIVITY_TASK_STARTED', {
        scheduledEventId,
        identity: 'worker',
        attempt: 1,
      })
      add('ACTIVITY_TASK_COMPLETED', {
        scheduledEventId,
        startedEventId,
        result: payloads(result),
        identity: 'worker',
      })
      return builder
    },
    /** Every attempt failed. */
    failed(scheduledEventId: string, cause: Failure) {
      const startedEventId = add('ACTIVITY_TASK_STARTED', {
        scheduledEventId,
        identity: 'worker',
        attempt: 5,
      })
      add('ACTIVITY_TASK_FAILED', {
        scheduledEventId,
        startedEventId,
        failure: failure(cause),
        identity: 'worker',
        retryState: 'RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED',
      })
      return builder
    },
    timedOut(scheduledEventId: string, timeoutType: 'HEARTBEAT' | 'START_TO_CLOSE' | 'SCHEDULE_TO_CLOSE') {
      const startedEventId = add('ACTIVITY_TASK_STARTED', {
        scheduledEventId,
        identity: 'worker',
        attempt: 5,
      })
      add('ACTIVITY_TASK_TIMED_OUT', {
        scheduledEventId,
        startedEventId,
        failure: {
          message: 'activity timeout',
          source: 'Server',
          timeoutFailureInfo: { timeoutType: `TIMEOUT_TYPE_${timeoutType}` },
        },
        retryState: 'RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED',
      })
      return builder
    },
    timerStarted(ms: number): string {
      const startedEventId = add('TIMER_STARTED', {
        timerId: String(timers.length + 1),
        startToFireTimeout: `${ms / 1000}s`,
        workflowTaskCompletedEventId: completedTaskId,
      })
      timers.push(startedEventId)
      return startedEventId
    },
    timerFired(startedEventId: string) {
      add('TIMER_FIRED', { timerId: timerId(startedEventId), startedEventId })
      return builder
    },
    timerCanceled(startedEventId: string) {
      const ids = { timerId: timerId(startedEventId), startedEventId }
      add('TIMER_CANCELED', { ...ids, workflowTaskCompletedEventId: completedTaskId, identity: 'worker' })
      return builder
    },
    /** A wait that ended by itself. */
    waited(ms: number) {
      const startedEventId = builder.timerStarted(ms)
      return builder
        .later(ms * 1.25)
        .timerFired(startedEventId)
        .workflowTask()
    },
    /** A round of attempts on a participant's queue, with its answer. */
    asked(activity: string, at: string, answer: unknown) {
      return builder.completed(builder.scheduled(activity, at), answer).workflowTask()
    },
    cancelRequested() {
      add('WORKFLOW_EXECUTION_CANCEL_REQUESTED', { identity: 'operator' })
      return builder
    },
    /** The end of this run, not of the saga: it goes on in a new one with the same input. */
    continuedAsNew() {
      add('WORKFLOW_EXECUTION_CONTINUED_AS_NEW', {
        newExecutionRunId: '00000000-0000-4000-8000-000000000001',
        workflowType: { name: 'OrderSaga' },
        taskQueue: queue('order'),
        input: payloads(sagaInput),
        workflowTaskCompletedEventId: completedTaskId,
      })
      return { events }
    },
    /** How many events there are so far. */
    length: () => events.length,
    /** The end: the saga's outcome. */
    ended(outcome: unknown) {
      add('WORKFLOW_EXECUTION_COMPLETED', {
        result: payloads(outcome),
        workflowTaskCompletedEventId: completedTaskId,
      })
      return { events }
    },
  }

  const sagaInput: SagaInput = {
    id: 'an-order',
    definition: 'order@1',
    deadlineAt: BEGAN_AT + 1_800_000,
    ...input,
  }
  add('WORKFLOW_EXECUTION_STARTED', {
    workflowType: { name: 'OrderSaga' },
    workflowId: 'order-an-order',
    taskQueue: queue('order'),
    input: payloads(sagaInput),
    workflowTaskTimeout: '4s',
    originalExecutionRunId: '00000000-0000-4000-8000-000000000000',
    firstExecutionRunId: '00000000-0000-4000-8000-000000000000',
    attempt: 1,
    identity: 'api',
  })
  return builder
}

/** A class of error, as activities report it. */
export interface Failure {
  type: string
}

const base64 = (text: string) => Buffer.from(text).toString('base64')

const payloads = (value: unknown) => ({
  payloads: [{ metadata: { encoding: base64('json/plain') }, data: base64(JSON.stringify(value)) }],
})

const failure = ({ type }: Failure) => ({
  message: type,
  source: 'TypeScriptSDK',
  applicationFailureInfo: { type, nonRetryable: false },
})

export const DONE = { kind: 'done' }

/** The record's answer to a saga that wants to turn back: which steps it owes an undo. */
export const begun = (undo: string[], code: string, step: string) => ({
  kind: 'done',
  result: { verdict: 'begun', reason: { code, step }, undo },
})

/** The record's answer to a saga that owes nothing any more. */
export const closed = (status: 'rejected' | 'cancelled') => ({ kind: 'done', result: { status } })
