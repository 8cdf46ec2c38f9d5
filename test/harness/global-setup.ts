import type { TestProject } from 'vitest/node'
import { readConfig } from '../../config.ts'
import { locateNatsServer } from '../../stack/nats-server.ts'
import { COMPOSE_MISSING } from './compose.ts'
import { startServers, type Servers } from './servers.ts'

declare module 'vitest' {
  interface ProvidedContext {
    servers: Servers
    /** The executable: each test that needs a broker starts one of its own. */
    natsServer: string
  }
}

/** Unit tests need none, and those in a browser have the whole of `npm start`. */
const WITHOUT_SERVERS = new Set(['unit', 'browser'])

/** Each system has queues of its own for a few orders: four partitions of each cost a third of what Temporal does. */
const ONE_PARTITION = { 'matching.numTaskqueueReadPartitions': 1, 'matching.numTaskqueueWritePartitions': 1 }

/**
 * Starts the servers once per run, unless none of its tests needs them. Tests kill processes, never the machine, so
 * PostgreSQL need not wait for the disk.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (project.vitest.projects.every(({ name }) => WITHOUT_SERVERS.has(name))) return undefined
  const log = (line: string) => process.stderr.write(`${line}\n`)
  project.provide('natsServer', await locateNatsServer(readConfig(), log))
  const { servers, stop } = await startServers(['fsync=off'], ONE_PARTITION)
  project.provide('servers', servers)
  return async () => {
    await stop()
    if (isLeftOut(project, COMPOSE_MISSING)) log(COMPOSE_MISSING)
  }
}

/** Whether a test was skipped whose title says this: among hundreds that passed, it would not be seen. */
const isLeftOut = ({ vitest }: TestProject, what: string): boolean =>
  vitest.state
    .getTestModules()
    .some(({ children }) => [...children.allTests('skipped')].some((test) => test.name.includes(what)))
