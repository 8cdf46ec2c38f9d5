import pg from 'pg'
import { openDatabase, type Database } from '../../prisma/client.ts'
import type { Servers } from './servers.ts'

export interface TestDatabase {
  url: string
  db: Database
  close(): Promise<void>
}

let made = 0

/** An empty, migrated database for whoever asks. */
export async function createDatabase({ postgresUrl, template }: Servers, pool = 8): Promise<TestDatabase> {
  made += 1
  const name = `test_${process.pid}_${made}`
  const admin = new pg.Client({ connectionString: postgresUrl })
  await admin.connect()
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  await admin.end()
  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  const db = openDatabase(url.href, pool)
  return { url: url.href, db, close: () => db.$disconnect() }
}
