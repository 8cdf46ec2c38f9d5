import type { TestProject } from 'vitest/node'
import { startServers, type Servers } from './servers.ts'

declare module 'vitest' {
  interface ProvidedContext {
    servers: Servers
  }
}

/**
 * Starts the servers once per run, unless only unit tests are run. Tests kill processes, never the machine, so
 * PostgreSQL need not wait for the disk.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (project.vitest.projects.every(({ name }) => name === 'unit')) return undefined
  const { servers, stop } = await startServers(['fsync=off'])
  project.provide('servers', servers)
  return stop
}
