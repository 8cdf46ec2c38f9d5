import { readFileSync } from 'node:fs'
import { supervise, type ProcessSpec, type Supervised } from '../../stack/supervisor.ts'
import { until } from './poll.ts'

/** A process of ours that a test waits for: to take up work, to die or freeze at its failpoint, to go on. */
export interface WatchedProcess {
  readonly process: Supervised
  readonly lines: readonly string[]
  /** Resolves when it has taken up work. */
  working(): Promise<void>
  /** Resolves when the process has died of its failpoint. */
  died(): Promise<void>
  /** Resolves when the process has frozen at its failpoint. */
  frozen(): Promise<void>
  /** Stops it where it is, as a machine that is suspended does. */
  freeze(): void
  /** Lets a frozen process go on. */
  thaw(): void
  /** Drains it, also when it is frozen. */
  stop(): Promise<void>
}

export function startWatchedProcess(spec: Omit<ProcessSpec, 'onLine' | 'isRestarted'>): WatchedProcess {
  const lines: string[] = []
  const process_ = supervise({ ...spec, isRestarted: false, onLine: (line) => lines.push(line) })
  const printed = () => lines.slice(-20).join('\n')
  const pid = () => {
    const id = process_.pid()
    if (id === undefined) throw new Error(`The ${spec.name} has ended:\n${printed()}`)
    return id
  }
  return {
    process: process_,
    lines,
    working: () =>
      until(`the ${spec.name} to be working`, () => {
        pid()
        return lines.some((line) => line.includes('"working"')) ? true : undefined
      }).then(() => undefined),
    died: () =>
      until(`the ${spec.name} to die of its failpoint`, () =>
        process_.pid() === undefined ? true : undefined,
      ).then(() => undefined),
    frozen: () =>
      until(`the ${spec.name} to freeze`, () => (isStopped(pid()) ? true : undefined)).then(() => undefined),
    freeze: () => void process.kill(pid(), 'SIGSTOP'),
    thaw: () => void process.kill(pid(), 'SIGCONT'),
    stop() {
      if (process_.pid() !== undefined) process.kill(pid(), 'SIGCONT')
      return process_.stop()
    },
  }
}

/** State T in /proc: stopped by a signal. */
function isStopped(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')
}
