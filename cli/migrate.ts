import process from 'node:process'
import { readConfig, requireDatabaseUrl } from '../config.ts'
import { migrate } from '../prisma/migrate.ts'

/** Brings the database of DATABASE_URL up to date: a job that runs before the processes do. */
try {
  const applied = await migrate(requireDatabaseUrl(readConfig()))
  process.stdout.write(
    applied.length === 0 ? 'The schema is up to date.\n' : `Applied ${applied.join(', ')}.\n`,
  )
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
