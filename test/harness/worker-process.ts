import path from 'node:path'
import type { Servers } from './servers.ts'
import type { System } from './system.ts'
import { startWatchedProcess, type WatchedProcess } from './watched-process.ts'

interface WorkerProcessOptions {
  failpoints?: readonly string[]
  participants?: readonly string[]
}

/** A worker of `npm start`, for the queues of one system: all of them, or those of some participants. */
export const startWorkerProcess = (
  { temporalAddress, bundle, processes }: Servers,
  system: System,
  { failpoints = [], participants = [] }: WorkerProcessOptions = {},
): WatchedProcess =>
  startWatchedProcess({
    name: 'worker',
    entry: path.join(processes, 'workers/worker.js'),
    args: participants,
    env: {
      ...environmentOf(system, failpoints),
      TEMPORAL_ADDRESS: temporalAddress,
      TASK_QUEUE_PREFIX: system.prefix,
      WORKFLOW_BUNDLE: bundle,
    },
  })

/** What runs the choreographed orders of one system, as `npm start` starts it. */
export const startChoreographyProcess = (
  { processes }: Servers,
  system: System,
  failpoints: readonly string[] = [],
): WatchedProcess =>
  startWatchedProcess({
    name: 'choreography',
    entry: path.join(processes, 'workers/choreography.js'),
    env: environmentOf(system, failpoints),
  })

const environmentOf = (system: System, failpoints: readonly string[]) => ({
  DATABASE_URL: system.databaseUrl,
  DATABASE_POOL: '4',
  SANDBOX_URL: system.sandboxUrl,
  METRICS_PORT: '0',
  FAILPOINTS: failpoints.join(','),
})
