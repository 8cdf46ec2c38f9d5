import { readFileSync } from 'node:fs'
import { inject } from 'vitest'
import { supervise, type Supervised } from '../../stack/supervisor.ts'
import { until } from './poll.ts'
import type { System } from './system.ts'

export interface WorkerProcess {
  readonly process: Supervised
  readonly lines: readonly string[]
  /** Resolves when the process has died of its failpoint. */
  died(): Promise<void>
  /** Resolves when the process has frozen at its failpoint. */
  frozen(): Promise<void>
  /** Lets a frozen process go on. */
  thaw(): void
  stop(): Promise<void>
}

/** A worker of `npm start`, for the queues of one system, with failpoints. */
export function startWorkerProcess(system: System, failpoints: readonly string[] = []): WorkerProcess {
  const { temporalAddress, bundle } = inject('servers')
  const lines: string[] = []
  const process_ = supervise({
    name: 'worker',
    entry: 'workers/worker.ts',
    isRestarted: false,
    env: {
      DATABASE_URL: system.databaseUrl,
      DATABASE_POOL: '4',
      TEMPORAL_ADDRESS: temporalAddress,
      PAYMENT_URL: system.sandboxUrl,
      SHIPPING_URL: system.sandboxUrl,
      TASK_QUEUE_PREFIX: system.prefix,
      WORKFLOW_BUNDLE: bundle,
      FAILPOINTS: failpoints.join(','),
    },
    onLine: (line) => lines.push(line),
  })
  const printed = () => lines.slice(-20).join('\n')
  const pid = () => {
    const id = process_.pid()
    if (id === undefined) throw new Error(`The worker has ended:\n${printed()}`)
    return id
  }
  return {
    process: process_,
    lines,
    died: () =>
      until('the worker to die of its failpoint', () =>
        process_.pid() === undefined ? true : undefined,
      ).then(() => undefined),
    frozen: () =>
      until('the worker to freeze', () => (isStopped(pid()) ? true : undefined)).then(() => undefined),
    thaw: () => void process.kill(pid(), 'SIGCONT'),
    stop: () => process_.stop(),
  }
}

/** State T in /proc: stopped by a signal. */
function isStopped(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')
}
