import type { SagaInput } from '../../workflows/saga/contract.ts'

/**
 * Writes a workflow's history by hand, as proto3 JSON: an executable specification of what the saga does when the
 * world behaves in a way that is hard to provoke. Each method is one thing that happens; ids are counted.
 */
export function buildHistory(input: Partial<SagaInput> = {}) {
  const events: Record<string, unknown>[] = []
  const startMs = Date.UTC(2026, 0, 1)
  let nowMs = startMs
  let activities = 0
  let timers = 0
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
  const queue = (name: string) => ({ name, kind: 'TASK_QUEUE_KIND_NORMAL' })

  const builder = {
    /** Lets time pass before the next event. */
    later(ms: number) {
      nowMs += ms
      return builder
    },
    /** A workflow task from schedule to completion; what the workflow then asked for follows it. */
    workflowTask({ isHistoryLong = false } = {}) {
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
      })
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
      timers += 1
      return add('TIMER_STARTED', {
        timerId: String(timers),
        startToFireTimeout: `${ms / 1000}s`,
        workflowTaskCompletedEventId: completedTaskId,
      })
    },
    timerFired(startedEventId: string) {
      add('TIMER_FIRED', { timerId: String(timers), startedEventId })
      return builder
    },
    cancelRequested() {
      add('WORKFLOW_EXECUTION_CANCEL_REQUESTED', { identity: 'operator' })
      return builder
    },
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
    deadlineAt: startMs + 1_800_000,
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
