import { randomUUID } from 'node:crypto'
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { guard } from './guard.ts'
import { keepSmall, openLog } from './log-file.ts'
import { keepPid, stopLeftOver, stopPid } from './pids.ts'

const START_MAX_MS = 30_000

export interface Nats {
  url: string
  pid: number
  stop(): Promise<void>
}

export interface NatsOptions {
  /** The executable. */
  server: string
  port: number
  /** Streams are kept here, beside the server's configuration and log. */
  dataDir: string
}

/**
 * Runs a NATS server with JetStream, and waits until it answers. What it has acknowledged is on the disk.
 * @throws Error that names the variable to change when the port is taken.
 */
export async function startNats({ server, port, dataDir }: NatsOptions): Promise<Nats> {
  await mkdir(dataDir, { recursive: true })
  const [config, pidFile, logFile] = ['nats.conf', 'nats.pid', 'nats.log'].map((name) =>
    path.join(dataDir, name),
  ) as [string, string, string]
  await stopLeftOver(pidFile, ['--config', config])
  const name = `ordersaga-${randomUUID()}`
  await writeFile(config, configFile(name, port, dataDir))
  const log = openLog(logFile)
  // Its own process group: Ctrl-C reaches the supervisor alone, which stops the server after its clients.
  const child = spawn(server, ['--config', config], { stdio: ['ignore', log, log], detached: true })
  child.on('error', () => undefined)
  closeSync(log)
  child.unref()
  guard(child, 'SIGTERM')
  keepSmall(logFile, child)
  const pid = await answering(child, name, port, logFile)
  await keepPid(pidFile, pid)
  return {
    url: `nats://127.0.0.1:${port}`,
    pid,
    async stop() {
      await stopPid(pid, ['SIGTERM', 'SIGKILL'])
      await rm(pidFile, { force: true })
    },
  }
}

/** Unless it is set to sync always, NATS acknowledges a message minutes before the disk has it. */
const configFile = (name: string, port: number, dataDir: string) => `server_name: ${name}
listen: "127.0.0.1:${port}"
jetstream {
  store_dir: ${JSON.stringify(path.join(dataDir, 'jetstream'))}
  sync_interval: always
}
`

/** Waits until the server answers by its name: another one may have the port. */
async function answering(child: ChildProcess, name: string, port: number, logFile: string): Promise<number> {
  const { pid } = child
  if (pid === undefined) throw new Error(`${child.spawnfile} cannot be run.`)
  for (let waitedMs = 0; waitedMs < START_MAX_MS && child.exitCode === null; waitedMs += 50) {
    if ((await greeting(port)).includes(name)) return pid
    await sleep(50)
  }
  if (child.exitCode === null) await stopPid(pid, ['SIGTERM', 'SIGKILL'])
  const tail = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-5).join('\n')
  throw new Error(
    tail.includes('address already in use')
      ? `Port ${port} is taken: set NATS_PORT to a free one, or NATS_URL to a server of yours.`
      : `The NATS server did not start:\n${tail}`,
  )
}

/** A NATS server introduces itself to every connection. */
function greeting(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 })
    const end = (text: string) => {
      socket.destroy()
      resolve(text)
    }
    socket.once('data', (chunk: Buffer) => end(chunk.toString()))
    socket.once('error', () => end(''))
    socket.once('timeout', () => end(''))
    socket.once('close', () => end(''))
  })
}
