import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { childEnvironment } from '../../../config.ts'
import { compileProcesses } from '../../../stack/compile.ts'
import { guard } from '../../../stack/guard.ts'
import { openLog } from '../../../stack/log-file.ts'
import { stopPid } from '../../../stack/pids.ts'
import { freePort } from '../../../stack/ports.ts'
import { until } from '../../../test/harness/poll.ts'
import type { Contestant } from '../contestant.ts'
import { runOnDatabase } from '../ground.ts'
import { PEERS_COMPILED, RESTATE_SERVER } from '../install-peers.ts'

const PROGRAMS = { front: 'bench/compare/restate/front', service: 'bench/peers/restate/service' }

/** What it is addressed by stays the same when it is started again. */
interface Ports {
  node: number
  ingress: number
  admin: number
}

/**
 * Few partitions, since each has a task and a log of its own. In one pair of runs at 32 orders in flight on two cores, 4
 * carried out 270 orders/s and the default of 24 145. Between 2, 4 and 8 the noise of the machine decided.
 */
const PARTITIONS = 4

/** All else is as it is by default, durability included; it listens on this machine alone, and reports nothing. */
const environmentOf = (folder: string, { node, ingress, admin }: Ports): Record<string, string> => ({
  RESTATE_BASE_DIR: path.join(folder, 'restate'),
  RESTATE_NODE_NAME: 'ruler',
  RESTATE_LISTEN_MODE: 'tcp',
  RESTATE_BIND_IP: '127.0.0.1',
  RESTATE_ADVERTISED_HOST: '127.0.0.1',
  RESTATE_BIND_PORT: String(node),
  RESTATE_INGRESS__BIND_PORT: String(ingress),
  RESTATE_ADMIN__BIND_PORT: String(admin),
  RESTATE_DEFAULT_NUM_PARTITIONS: String(PARTITIONS),
  RESTATE_LOG_FILTER: 'warn',
  RESTATE_DISABLE_TELEMETRY: 'true',
})

async function startServer(folder: string, ports: Ports) {
  const logFile = path.join(folder, 'restate-server.log')
  const log = openLog(logFile)
  const child = spawn(RESTATE_SERVER, ['--no-logo'], {
    cwd: folder,
    env: childEnvironment(environmentOf(folder, ports)),
    stdio: ['ignore', log, log],
    detached: true,
  })
  child.on('error', () => undefined)
  closeSync(log)
  child.unref()
  const { pid } = child
  if (pid === undefined) throw new Error(`${RESTATE_SERVER} cannot be run: installPeers puts it there.`)
  guard(child, 'SIGTERM')
  await until('the Restate server to answer', async () => {
    if (child.exitCode !== null)
      throw new Error(`The Restate server ended:\n${(await readFile(logFile, 'utf8')).slice(-2000)}`)
    return isHealthy(`http://127.0.0.1:${ports.ingress}/restate/health`)
  })
  return { pid, stop: () => stopPid(pid, ['SIGTERM', 'SIGKILL']) }
}

const isHealthy = (url: string): Promise<true | undefined> =>
  fetch(url).then(
    ({ ok }) => (ok ? true : undefined),
    () => undefined,
  )

/** Has the server find the service, and what it can do. */
async function register(admin: number, service: number): Promise<void> {
  await until('Restate to find the service', async () => {
    const response = await fetch(`http://127.0.0.1:${admin}/deployments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ uri: `http://127.0.0.1:${service}` }),
    }).catch(() => undefined)
    return response?.ok === true ? true : undefined
  })
}

/**
 * One server and one process that serves the handler. A second one of those was tried, and made no difference that was
 * seen through the noise of the machine.
 */
export const RESTATE: Contestant = {
  name: 'Restate',
  start: (ground) =>
    runOnDatabase(
      ground,
      (name) => name === 'restate server' || name === 'service',
      async ({ parts, sandboxUrl }) => {
        const ports = { node: await freePort(), ingress: await freePort(), admin: await freePort() }
        const [service, front] = [await freePort(), await freePort()]
        const compiled = await compileProcesses(
          Object.values(PROGRAMS).map((program) => `${program}.ts`),
          PEERS_COMPILED,
        )
        const databaseUrl = ground.database.migrator
        await parts.keep('restate server', () => startServer(ground.folder, ports))
        parts.run(
          'service',
          path.join(compiled, `${PROGRAMS.service}.js`),
          { databaseUrl, sandboxUrl, port: service },
          { RESTATE_LOGGING: 'WARN' },
        )
        await register(ports.admin, service)
        const ingressUrl = `http://127.0.0.1:${ports.ingress}`
        parts.run('front', path.join(compiled, `${PROGRAMS.front}.js`), {
          databaseUrl,
          ingressUrl,
          port: front,
        })
        return { url: `http://127.0.0.1:${front}` }
      },
    ),
}
