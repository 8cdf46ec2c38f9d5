import { readFileSync } from 'node:fs'
import { supervise, type Supervised } from '../../stack/supervisor.ts'
import { until } from './poll.ts'
import type { Servers } from './servers.ts'
import type { System } from './system.ts'

export interface WorkerProcess {
  readonly process: Supervised
  readonly lines: readonly string[]
  /** Resolves when the worker has taken up work. */
  working(): Promise<void>
  /** Resolves when the process has died of its failpoint. */
  died(): Promise<void>
  /** Resolves when the process has frozen at its failpoint. */
  frozen(): Promise<void>
  /** Lets a frozen process go on. */
  thaw(): void
  stop(): Promise<void>
}

/** A worker of `npm start`, for the queues of one system: all of them, or those of some participants. */
export function startWorkerProcess(
  { temporalAddress, bundle }: Servers,
  system: System,
  {
    failpoints = [],
    participants = [],
  }: { failpoints?: readonly string[]; participants?: readonly string[] } = {},
): WorkerProcess {
  const lines: string[] = []
  const process_ = supervise({
    name: 'worker',
    entry: 'workers/worker.ts',
    args: participants,
    isRestarted: false,
    env: {
      DATABASE_URL: system.databaseUrl,
      DATABASE_POOL: '4',
      TEMPORAL_ADDRESS: temporalAddress,
      PAYMENT_URL: system.sandboxUrl,
      SHIPPING_URL: system.sandboxUrl,
      TASK_QUEUE_PREFIX: system.prefix,
      WORKFLOW_BUNDLE: bundle,
      METRICS_PORT: '0',
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
    working: () =>
      until('the worker to be working', () => {
        pid()
        return lines.some((line) => line.includes('"working"')) ? true : undefined
      }).then(() => undefined),
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
