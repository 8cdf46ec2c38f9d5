import path from 'node:path'
import type { Servers } from './servers.ts'
import type { System } from './system.ts'
import { startWatchedProcess, type WatchedProcess } from './watched-process.ts'

/** A worker of `npm start`, for the queues of one system: all of them, or those of some participants. */
export function startWorkerProcess(
  { temporalAddress, bundle, processes }: Servers,
  system: System,
  {
    failpoints = [],
    participants = [],
  }: { failpoints?: readonly string[]; participants?: readonly string[] } = {},
): WatchedProcess {
  return startWatchedProcess({
    name: 'worker',
    entry: path.join(processes, 'workers/worker.js'),
    args: participants,
    env: {
      DATABASE_URL: system.databaseUrl,
      DATABASE_POOL: '4',
      TEMPORAL_ADDRESS: temporalAddress,
      SANDBOX_URL: system.sandboxUrl,
      TASK_QUEUE_PREFIX: system.prefix,
      WORKFLOW_BUNDLE: bundle,
      METRICS_PORT: '0',
      FAILPOINTS: failpoints.join(','),
    },
  })
}
