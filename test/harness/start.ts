import path from 'node:path'
import { inject } from 'vitest'
import { createDatabase, type TestDatabase } from './database.ts'
import type { WatchedProcess } from './watched-process.ts'
import { startChoreographyProcess, startWorkerProcess } from './worker-process.ts'
import { startSystemOn, type System, type SystemOptions } from './system.ts'

/** A system of its own on the servers of this test run. */
export const startSystem = (options?: SystemOptions): Promise<System> =>
  startSystemOn(inject('servers'), options)

/** A database of its own on the servers of this test run. */
export const createTestDatabase = (): Promise<TestDatabase> => createDatabase(inject('servers'))

/** The file that Node runs for one of our processes, e.g. `workers/relay.js`. */
export const compiled = (entry: string): string => path.join(inject('servers').processes, entry)

/** A worker process for a system of this test run. */
export const startWorker = (
  system: System,
  options?: Parameters<typeof startWorkerProcess>[2],
): WatchedProcess => startWorkerProcess(inject('servers'), system, options)

/** A process that runs the choreographed orders of a system of this test run. */
export const startReactorProcess = (system: System, failpoints: readonly string[]): WatchedProcess =>
  startChoreographyProcess(inject('servers'), system, failpoints)
