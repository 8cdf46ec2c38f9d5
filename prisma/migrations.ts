import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { ROOT } from '../root.ts'
import { checksumOf } from './routines.ts'

const MIGRATIONS = path.join(ROOT, 'prisma', 'migrations')

/** One folder of prisma/migrations. */
export interface Migration {
  name: string
  sql: string
  checksum: string
}

/** The migrations in the order in which they are applied. */
export async function readMigrations(): Promise<Migration[]> {
  const entries = await readdir(MIGRATIONS, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(path.join(MIGRATIONS, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: checksumOf(sql) }
    }),
  )
}
