import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, fstatSync, readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import type { TemporalTarget } from '../temporal.ts'
import { guard } from './guard.ts'
import { keepSmall, openLog } from './log-file.ts'
import { keepPid, stopLeftOver, stopPid } from './pids.ts'
import { requireFreePort } from './ports.ts'

/**
 * The development server's own limits are low enough to be the bottleneck of a load test.
 * Keys and defaults: Temporal's dynamic configuration.
 */
export const LIFTED_LIMITS = {
  'matching.rps': 100_000,
  'frontend.rps': 100_000,
  'frontend.namespaceRPS': 100_000,
  'frontend.namespaceRPS.visibility': 1000,
  'history.rps': 100_000,
}

/**
 * One flush of a log for each transaction, where the default flushes a journal and the database. It is as durable: the
 * log is flushed before a transaction counts (https://sqlite.org/wal.html).
 */
const PRAGMAS = { journal_mode: 'WAL', synchronous: 'FULL' }

export interface Temporal {
  address: string
  uiUrl: string
  pid: number
  stop(): Promise<void>
}

export interface TemporalOptions {
  cli: string
  port: number
  /** Without it there is no UI. */
  uiPort?: number
  namespace: string
  /** Histories are kept here; without it they are lost with the server. */
  dataDir?: string
  /** Limits of its dynamic configuration, where they are not to be lifted, e.g. `frontend.namespaceRPS`. */
  limits?: Readonly<Record<string, number>>
}

/**
 * Runs a Temporal development server and waits until it answers.
 * @throws Error that names the variable to change when a port is taken.
 */
export async function startTemporal(options: TemporalOptions): Promise<Temporal> {
  if (options.dataDir !== undefined) {
    await mkdir(options.dataDir, { recursive: true })
    await stopLeftOver(pidFile(options.dataDir), ['start-dev', options.dataDir])
  }
  await requireFreePorts(options)
  const address = `127.0.0.1:${options.port}`
  const log = options.dataDir === undefined ? undefined : logIn(options.dataDir)
  const child = spawn(options.cli, argumentsFor(options), {
    stdio: ['ignore', log?.descriptor ?? 'pipe', log?.descriptor ?? 'pipe'],
    // Its own process group: Ctrl-C reaches the supervisor alone, which stops the server after its clients.
    detached: true,
  })
  if (log !== undefined) closeSync(log.descriptor)
  guard(child, 'SIGTERM')
  const printed = outputOf(child, log)
  await answering(child, address, printed, options)
  const { pid } = child
  if (pid === undefined) throw new Error('The Temporal server has no process id.')
  if (options.dataDir !== undefined) await keepPid(pidFile(options.dataDir), pid)
  return {
    address,
    uiUrl: `http://127.0.0.1:${options.uiPort ?? 0}`,
    pid,
    async stop() {
      await stopPid(pid, ['SIGTERM', 'SIGKILL'])
      if (options.dataDir !== undefined) await rm(pidFile(options.dataDir), { force: true })
    },
  }
}

/** Asked before: on a busy machine a server that cannot have its port takes seconds to say so, and another answers. */
async function requireFreePorts(options: TemporalOptions): Promise<void> {
  try {
    await requireFreePort(options.port, 'TEMPORAL_PORT')
    if (options.uiPort !== undefined) await requireFreePort(options.uiPort, 'TEMPORAL_UI_PORT')
  } catch {
    throw portsTaken(options)
  }
}

const portsTaken = ({ port, uiPort }: TemporalOptions) =>
  new Error(
    `Port ${uiPort === undefined ? port : `${port} or ${uiPort}`} is taken: set TEMPORAL_PORT and TEMPORAL_UI_PORT ` +
      'to free ones, or TEMPORAL_ADDRESS to a server of yours.',
  )

function argumentsFor({ port, uiPort, namespace, dataDir, limits }: TemporalOptions): string[] {
  return [
    'server',
    'start-dev',
    '--ip=127.0.0.1',
    `--port=${port}`,
    ...(uiPort === undefined ? ['--headless'] : [`--ui-port=${uiPort}`]),
    `--namespace=${namespace}`,
    '--log-level=error',
    ...(dataDir === undefined
      ? []
      : [
          `--db-filename=${path.join(dataDir, 'temporal.db')}`,
          ...Object.entries(PRAGMAS).map(([name, value]) => `--sqlite-pragma=${name}=${value}`),
        ]),
    ...Object.entries({ ...LIFTED_LIMITS, ...limits }).flatMap(([key, limit]) => [
      '--dynamic-config-value',
      `${key}=${limit}`,
    ]),
  ]
}

const pidFile = (dataDir: string) => path.join(dataDir, 'temporal.pid')

interface Log {
  file: string
  descriptor: number
  /** What the servers before this one have printed. */
  size: number
}

function logIn(dataDir: string): Log {
  const file = path.join(dataDir, 'temporal.log')
  const descriptor = openLog(file)
  return { file, descriptor, size: fstatSync(descriptor).size }
}

/**
 * The end of what the server prints. It appends to a log by itself: the disk may be full, and this process must not
 * fail of that.
 */
function outputOf(child: ChildProcess, log: Log | undefined): () => string {
  if (log !== undefined) {
    keepSmall(log.file, child)
    return () => readFileSync(log.file).subarray(log.size).toString().slice(-2000)
  }
  let tail = ''
  const keep = (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-2000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return () => tail
}

async function answering(
  child: ChildProcess,
  address: string,
  printed: () => string,
  options: TemporalOptions,
): Promise<void> {
  for (let waitedMs = 0; waitedMs < 60_000 && child.exitCode === null; waitedMs += 100) {
    if (await isServing({ address }, options.namespace)) {
      // Another server may hold the port: ours has then ended.
      await sleep(100)
      if (child.exitCode === null) return
      break
    }
    await sleep(100)
  }
  if (child.pid !== undefined && child.exitCode === null) await stopPid(child.pid, ['SIGTERM', 'SIGKILL'])
  const tail = printed().trim()
  if (/address already in use|can't set frontend port|can't set UI port/i.test(tail))
    throw portsTaken(options)
  throw new Error(`The Temporal server did not start:\n${tail}`)
}

/** @throws Error when no server answers there for this namespace. */
export async function requireTemporal(target: TemporalTarget, namespace: string): Promise<void> {
  for (let tries = 0; tries < 10; tries += 1) {
    if (await isServing(target, namespace)) return
    await sleep(500)
  }
  throw new Error(
    `TEMPORAL_ADDRESS names ${target.address}, where no Temporal server answers for the namespace ${namespace}: start it, ` +
      'set TEMPORAL_NAMESPACE, or unset TEMPORAL_ADDRESS, and a server is run here.',
  )
}

async function isServing(target: TemporalTarget, namespace: string): Promise<boolean> {
  const connection = Connection.lazy(target)
  try {
    await connection.withDeadline(Date.now() + 1000, () =>
      connection.workflowService.describeNamespace({ namespace }),
    )
    return true
  } catch {
    return false
  } finally {
    await connection.close().catch(() => undefined)
  }
}
