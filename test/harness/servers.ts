import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { readConfig } from '../../config.ts'
import { migrate } from '../../prisma/migrate.ts'
import { freePort } from '../../stack/ports.ts'
import { startPostgres } from '../../stack/postgres.ts'
import { locateTemporalCli } from '../../stack/temporal-cli.ts'
import { startTemporal } from '../../stack/temporal.ts'
import { bundleFile } from '../../workers/bundle.ts'

/** The servers of one test run. Each test file makes itself a database from the template and queues of its own. */
export interface Servers {
  /** A URL on the test server; its database name is replaced. */
  postgresUrl: string
  template: string
  temporalAddress: string
  bundle: string
}

declare module 'vitest' {
  interface ProvidedContext {
    servers: Servers
  }
}

const TEMPLATE = 'migrated'

/**
 * Starts PostgreSQL and Temporal once per run, on free ports, with data that goes when they stop. Tests kill
 * processes, never the machine, so PostgreSQL need not wait for the disk.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (project.vitest.projects.every(({ name }) => name === 'unit')) return undefined
  const config = readConfig()
  const log = (line: string) => process.stderr.write(`${line}\n`)
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-test-'))
  const cli = await locateTemporalCli(config, log)
  const bundle = await bundleFile(path.resolve('.cache'))
  const dataDir = path.join(folder, 'postgres')
  const postgres = await startPostgres({ dataDir, port: await freePort(), settings: ['fsync=off'], log })
  const temporal = await startTemporal({ cli, port: await freePort(), namespace: 'default' }).catch(
    async (error: unknown) => {
      await postgres.stop({ remove: true })
      throw error
    },
  )
  await postgres.createDatabase(TEMPLATE)
  await migrate(postgres.url(TEMPLATE))
  project.provide('servers', {
    postgresUrl: postgres.url('postgres'),
    template: TEMPLATE,
    temporalAddress: temporal.address,
    bundle,
  })
  return async () => {
    await temporal.stop()
    await postgres.stop({ remove: true })
    await rm(folder, { recursive: true, force: true })
  }
}
