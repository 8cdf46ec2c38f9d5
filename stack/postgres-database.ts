import type pg from 'pg'
import { connectFirst, openSession, PATIENT } from '../postgres.ts'
import { ROLES, scramVerifier, type Passwords } from './passwords.ts'

const SESSION = { name: 'ordersaga-stack', ...PATIENT }

/** Runs `work` over a session of its own. */
async function over<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = openSession(url, SESSION)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Makes the roles of the migrator and of the application, and gives them their passwords. */
export const provideRoles = (adminUrl: string, passwords: Passwords): Promise<void> =>
  over(adminUrl, async (client) => {
    for (const role of ['migrator', 'application'] as const) {
      const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [ROLES[role]])
      if (rowCount === 0) await client.query(`CREATE ROLE ${ROLES[role]}`)
      const password = client.escapeLiteral(scramVerifier(passwords[role]))
      await client.query(
        `ALTER ROLE ${ROLES[role]} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${password}`,
      )
    }
  })

/**
 * Creates a database unless it exists, as the migrator's, which no role but that of the application may enter besides.
 * @param template must have no connections.
 */
export async function provideDatabase(adminUrl: string, name: string, template?: string): Promise<void> {
  await over(adminUrl, async (client) => {
    const database = client.escapeIdentifier(name)
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name])
    if (rowCount === 0) {
      const from = template === undefined ? '' : ` TEMPLATE ${client.escapeIdentifier(template)}`
      await client.query(`CREATE DATABASE ${database}${from}`)
    }
    await client.query(`ALTER DATABASE ${database} OWNER TO ${ROLES.migrator}`)
    await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`)
    await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${ROLES.application}`)
  })
}

/**
 * Makes what the superuser owns in a database the migrator's: earlier versions had no other role. `REASSIGN OWNED` is
 * refused for the role that made the cluster.
 */
export const handOver = (adminUrl: string): Promise<void> =>
  over(adminUrl, async (client) => {
    const { rows } = await client.query<{ what: string }>(
      `SELECT 'TABLE ' || c.oid::regclass AS what FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relowner = current_user::regrole
          AND (c.relkind IN ('r', 'p', 'v') OR c.relkind = 'S' AND NOT EXISTS (
            SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i')))
       UNION ALL SELECT 'ROUTINE ' || oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proowner = current_user::regrole`,
    )
    await client.query('BEGIN')
    for (const { what } of rows) await client.query(`ALTER ${what} OWNER TO ${ROLES.migrator}`)
    await client.query('COMMIT')
  })

/** @throws Error when the server of a URL cannot be used. The URL may hold a password, and is not shown. */
export async function requirePostgres(url: string, variable: string): Promise<void> {
  const client = openSession(url, SESSION)
  try {
    await connectFirst(client)
  } catch (error) {
    throw new Error(
      `${variable} names a server that cannot be used (${error instanceof Error ? error.message : String(error)}): ` +
        'start it, or unset DATABASE_URL and MIGRATE_DATABASE_URL, and a server is run here.',
      { cause: error },
    )
  } finally {
    await client.end().catch(() => undefined)
  }
}
