import process from 'node:process'
import { migratorDatabaseUrl, readConfig, requireDatabaseUrl } from '../config.ts'
import { describeMigrated, migrate } from '../prisma/migrate.ts'

/**
 * Brings the database up to date, as the role of MIGRATE_DATABASE_URL where that is set: a job that runs before the
 * processes do. `prisma migrate deploy` is no substitute: it applies tables and no functions.
 */
try {
  const config = readConfig()
  const applicationUrl = requireDatabaseUrl(config)
  const migrated = await migrate(migratorDatabaseUrl(config), { applicationUrl })
  process.stdout.write(`${describeMigrated(migrated)}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
