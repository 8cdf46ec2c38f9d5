import type { Info } from '@temporalio/activity'
import {
  Worker,
  type ActivityInboundCallsInterceptor,
  type NativeConnection,
  type WorkerOptions,
} from '@temporalio/worker'
import type { AttemptPorts } from '../activities/attempt.ts'
import { createActivities, type Services } from '../activities/index.ts'
import { onTemporal } from '../activities/on-temporal.ts'
import type { Participant } from '../domain/participants.ts'
import { PERMITS } from '../domain/provider/permits.ts'
import { logFieldsOf } from '../domain/saga/ids.ts'
import { withLogContext } from '../log-context.ts'
import { traceActivities } from './trace-activities.ts'
import { bulkheadOf, PARTICIPANT_NAMES, SAGA_PARTICIPANTS } from './bulkheads.ts'

/**
 * Workflow tasks in progress at once: as many as a process finishes well within their timeout. An order that takes half a
 * second, local calls to its providers included, leaves places for 32 a second, which is what the process has time for.
 * More would make none faster: those that are taken and not begun time out, and are done again. A slow provider holds
 * half of them at most.
 */
const WORKFLOW_TASKS_MAX = 2 * PERMITS

/** What is in progress when the worker is to stop has this long to finish. */
const GRACE_MS = 10_000

export interface RunWorkersOptions {
  connection: NativeConnection
  namespace: string
  /** The name of a participant's task queue. */
  queueOf: (participant: string) => string
  /** Whose queues are served; all of them unless said otherwise. */
  participants?: readonly Participant[]
  /** The compiled workflows, as a file. */
  bundle: string
  services: Services
  ports: AttemptPorts
  /** Runs the workflows in this thread: a thread of their own takes half a second of a core to load. */
  inThisThread?: boolean
}

export interface RunningWorkers {
  /** Resolves when all have stopped, rejects when one failed. */
  readonly ended: Promise<void>
  /** Finishes what is in progress, and takes nothing new. */
  drain(): Promise<void>
}

/** Each line that an attempt logs says whose it is. */
const inLogContext = ({
  workflowExecution,
  activityType: activity,
}: Info): ActivityInboundCallsInterceptor => ({
  execute: (input, next) =>
    withLogContext({ ...logFieldsOf(workflowExecution?.workflowId ?? ''), activity }, () => next(input)),
})

/**
 * Serves the queues: those of the sagas with the workflows and, for their local attempts, every activity; each other
 * participant's with that participant's activities.
 */
export async function runWorkers(options: RunWorkersOptions): Promise<RunningWorkers> {
  const groups = createActivities(options.services, options.ports)
  const { inThisThread = false } = options
  const workers = await Promise.all(
    (options.participants ?? PARTICIPANT_NAMES).map((participant) => {
      const { slots, perSecond } = bulkheadOf(participant)
      const shared = {
        connection: options.connection,
        namespace: options.namespace,
        taskQueue: options.queueOf(participant),
        shutdownGraceTime: GRACE_MS,
        maxHeartbeatThrottleInterval: '1s',
        maxConcurrentActivityTaskExecutions: slots,
        maxTaskQueueActivitiesPerSecond: perSecond,
        interceptors: {
          activity: [() => ({ inbound: traceActivities }), ({ info }) => ({ inbound: inLogContext(info) })],
        },
      } satisfies WorkerOptions
      if (!SAGA_PARTICIPANTS.includes(participant))
        return Worker.create({ ...shared, activities: onTemporal(groups[participant]) })
      return Worker.create({
        ...shared,
        workflowBundle: { codePath: options.bundle },
        debugMode: inThisThread,
        activities: onTemporal(Object.assign({}, ...Object.values(groups))),
        maxConcurrentWorkflowTaskExecutions: WORKFLOW_TASKS_MAX,
        maxConcurrentLocalActivityExecutions: WORKFLOW_TASKS_MAX,
        stickyQueueScheduleToStartTimeout: '1s',
      })
    }),
  )
  const running = workers.map((worker) => worker.run())
  const ended = Promise.all(running).then(() => undefined)
  // Those who wait for `ended` hear of it; that none waits is no reason to end the process.
  ended.catch(() => undefined)
  return {
    ended,
    async drain() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
      await Promise.allSettled(running)
    },
  }
}
