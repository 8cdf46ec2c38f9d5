import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { readConfig } from '../../config.ts'
import { migrate } from '../../prisma/migrate.ts'
import { COMPILED } from '../../stack/places.ts'
import { freePort } from '../../stack/ports.ts'
import { compileProcesses } from '../../stack/compile.ts'
import { startPostgres, type Postgres } from '../../stack/postgres.ts'
import { locateTemporalCli } from '../../stack/temporal-cli.ts'
import { startTemporal } from '../../stack/temporal.ts'
import { bundleFile } from '../../workers/bundle.ts'

/** The servers of one run of tests or measurements. Whoever uses them takes a database and queues of its own. */
export interface Servers {
  /** URLs on the server, for each role; their database name is replaced. */
  postgres: Postgres['urls']
  /** A migrated, empty database to copy. */
  template: string
  temporalAddress: string
  bundle: string
  /** The folder of our processes, compiled. */
  processes: string
}

const TEMPLATE = 'migrated'

/** Starts PostgreSQL and Temporal on free ports, with data that goes when they stop. */
export async function startServers(
  postgresSettings: readonly string[],
  temporalLimits: Readonly<Record<string, number>> = {},
): Promise<{ servers: Servers; stop: () => Promise<void> }> {
  const log = (line: string) => process.stderr.write(`${line}\n`)
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-test-'))
  const cli = await locateTemporalCli(readConfig(), log)
  const bundle = await bundleFile(COMPILED)
  const dataDir = path.join(folder, 'postgres')
  const postgres = await startPostgres({
    dataDir,
    port: await freePort(),
    database: TEMPLATE,
    settings: postgresSettings,
    log,
  })
  const temporal = await startTemporal({
    cli,
    port: await freePort(),
    namespace: 'default',
    limits: temporalLimits,
  }).catch(async (error: unknown) => {
    await postgres.stop({ remove: true })
    throw error
  })
  const { migrator, application } = postgres.urls
  await migrate(migrator, { applicationUrl: application })
  return {
    servers: {
      postgres: postgres.urls,
      template: TEMPLATE,
      temporalAddress: temporal.address,
      bundle,
      processes: await compileProcesses(),
    },
    async stop() {
      await temporal.stop()
      await postgres.stop({ remove: true })
      await rm(folder, { recursive: true, force: true })
    },
  }
}
