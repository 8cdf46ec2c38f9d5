import process from 'node:process'
import { readConfig, requireDatabaseUrl } from '../config.ts'
import { describeMigrated, migrate } from '../prisma/migrate.ts'

/**
 * Brings the database of DATABASE_URL up to date: a job that runs before the processes do. `prisma migrate deploy` is no
 * substitute: it applies tables and no functions.
 */
try {
  const migrated = await migrate(requireDatabaseUrl(readConfig()))
  process.stdout.write(`${describeMigrated(migrated)}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
