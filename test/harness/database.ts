import pg from 'pg'
import { openPool, PATIENT } from '../../postgres.ts'
import { openDatabase, type Database } from '../../prisma/client.ts'
import type { Servers } from './servers.ts'

export interface TestDatabase {
  url: string
  db: Database
  close(): Promise<void>
}

let made = 0

/** A busy machine may take seconds to open a connection, and its database is not away for that. */
export const PATIENTLY = { connectTimeoutMs: PATIENT.connectTimeoutMs }

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
  { postgresUrl, template }: Servers,
  { pool = 8, timeZone }: DatabaseOptions = {},
): Promise<TestDatabase> {
  made += 1
  const name = `test_${process.pid}_${made}`
  const admin = new pg.Client({ connectionString: postgresUrl })
  await admin.connect()
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  if (timeZone !== undefined) await admin.query(`ALTER DATABASE ${name} SET timezone = '${timeZone}'`)
  await admin.end()
  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  const db = openDatabase(url.href, pool, PATIENTLY)
  return { url: url.href, db, close: () => db.$disconnect() }
}
