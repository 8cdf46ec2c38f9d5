import type pg from 'pg'
import { openPool, PATIENT } from '../../postgres.ts'
import { openDatabase, type Database } from '../../prisma/client.ts'
import { ROLES } from '../../stack/passwords.ts'
import { provideDatabase } from '../../stack/postgres-database.ts'
import type { Servers } from './servers.ts'

export interface TestDatabase {
  /** The URL of the application, as which everything is done that the product does. */
  url: string
  db: Database
  /** The role that owns the tables. */
  migratorUrl: string
  /** The superuser, for what only an operator may do, or what no one may. */
  adminUrl: string
  admin: Database
  close(): Promise<void>
}

let made = 0

/** A busy machine may take seconds to open a connection, and its database is not away for that. */
export const PATIENTLY = { connectTimeoutMs: PATIENT.connectTimeoutMs }

/** Of what a test system does: on a busy machine a commit may take seconds, and is not to be given up. */
const PATIENT_SYSTEM = { ...PATIENTLY, statementTimeoutMs: 15_000 }

/** A pool for what a test itself asks. */
export const openTestPool = (url: string, max: number): pg.Pool =>
  openPool(url, { ...PATIENTLY, max, name: 'test' })

export interface DatabaseOptions {
  /** Connections at most; 8 unless said otherwise. */
  pool?: number
  /** The zone that the database gives a session which asks for none. */
  timeZone?: string | undefined
}

/** An empty, migrated database of its own for each caller. */
export async function createDatabase(
  { postgres, template }: Servers,
  { pool = 8, timeZone }: DatabaseOptions = {},
): Promise<TestDatabase> {
  made += 1
  const name = `test_${process.pid}_${made}`
  await provideDatabase(onDatabase(postgres.admin, 'postgres'), name, template)
  const adminUrl = onDatabase(postgres.admin, name)
  const url = onDatabase(postgres.application, name)
  const [admin, db] = [openDatabase(adminUrl, 1, PATIENT_SYSTEM), openDatabase(url, pool, PATIENT_SYSTEM)]
  if (timeZone !== undefined)
    await admin.$executeRawUnsafe(`ALTER DATABASE ${name} SET timezone = '${timeZone}'`)
  return {
    url,
    db,
    migratorUrl: onDatabase(postgres.migrator, name),
    adminUrl,
    admin,
    async close() {
      await Promise.all([db.$disconnect(), admin.$disconnect()])
    },
  }
}

/** Takes everything away that the migrator made: a database as an operator creates it. */
export async function emptyDatabase({ admin }: TestDatabase): Promise<void> {
  await admin.$executeRaw`DROP SCHEMA public CASCADE`
  await admin.$executeRawUnsafe(`CREATE SCHEMA public AUTHORIZATION ${ROLES.migrator}`)
}

function onDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}
