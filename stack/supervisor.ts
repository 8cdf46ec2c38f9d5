import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { childEnvironment } from '../config.ts'
import { ROOT } from '../root.ts'
import { UNUSABLE } from '../supervision.ts'
import type { Kept } from './process-desk.ts'

/** A process has this long to drain before it is killed. */
const DRAIN_MS = 22_000

/** One that dies sooner than this after its start is started again more and more slowly. */
const STABLE_MS = 5000
const RESTART_MAX_MS = 3000

export interface ProcessSpec {
  /** For the log. */
  name: string
  /** The file that Node runs. It stays visible in the command line. */
  entry: string
  args?: readonly string[]
  env: Record<string, string>
  /** Called with every line that the process prints. */
  onLine: (line: string) => void
  /** Answers what the process asks over an IPC channel, which it then has. It must not throw. */
  answer?: (question: unknown) => object | undefined
  /** A process that is not restarted is one whose death a test waits for. */
  isRestarted?: boolean
}

export interface Supervised extends Kept {
  /** Resolves when the process that runs now has ended. */
  ended(): Promise<void>
  /** Whether it ended because it cannot work as it is set up. */
  isUnusable(): boolean
  /** Drains it, and kills it when that takes too long. */
  stop(): Promise<void>
}

/** Keeps a process of ours running: started now, started again when it dies, until it is stopped. */
export function supervise(spec: ProcessSpec): Supervised {
  let child: ChildProcess | undefined
  let isStopping = false
  let isUnusable = false
  let restarts = 0
  let since = new Date()
  let quickDeaths = 0
  let exit = Promise.resolve()

  const start = () => {
    const startedAt = Date.now()
    since = new Date(startedAt)
    const running = launch(spec)
    child = running
    exit = new Promise((resolve) => {
      running.once('close', (code, signal) => {
        child = undefined
        since = new Date()
        isUnusable = code === UNUSABLE
        resolve()
        if (isStopping || isUnusable || spec.isRestarted === false) return
        quickDeaths = Date.now() - startedAt < STABLE_MS ? quickDeaths + 1 : 0
        spec.onLine(`ended (${signal ?? `code ${code}`}), starting again`)
        void restartAfter(quickDeaths <= 1 ? 0 : Math.min(250 * 2 ** (quickDeaths - 2), RESTART_MAX_MS))
      })
    })
  }
  const restartAfter = async (delayMs: number) => {
    await sleep(delayMs)
    if (isStopping) return
    restarts += 1
    start()
  }
  start()

  return {
    name: spec.name,
    pid: () => child?.pid,
    restarts: () => restarts,
    since: () => since,
    ended: () => exit,
    isUnusable: () => isUnusable,
    async stop() {
      isStopping = true
      child?.kill('SIGTERM')
      const killer = setTimeout(() => child?.kill('SIGKILL'), DRAIN_MS)
      await exit
      clearTimeout(killer)
    },
  }
}

function launch({ entry, args = [], env, onLine, answer }: ProcessSpec): ChildProcess {
  const child = spawn(process.execPath, ['--enable-source-maps', entry, ...args], {
    cwd: ROOT,
    env: childEnvironment({ ...env, SUPERVISED: 'true' }),
    // It sees by its standard input that we are gone; its own process group keeps Ctrl-C with us.
    stdio: ['pipe', 'pipe', 'pipe', ...(answer === undefined ? [] : ['ipc' as const])],
    detached: true,
  })
  child.on('error', (error) => onLine(`cannot be started: ${error.message}`))
  child.on('message', (question) => {
    const said = answer?.(question)
    // One that has gone meanwhile needs no answer.
    if (said !== undefined) child.send(said, () => undefined)
  })
  for (const stream of [child.stdout, child.stderr]) forEachLine(stream, onLine)
  return child
}

function forEachLine(stream: Readable | null, onLine: (line: string) => void): void {
  if (stream !== null) createInterface({ input: stream }).on('line', onLine)
}
