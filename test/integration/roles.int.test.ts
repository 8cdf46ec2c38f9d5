import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../prisma/migrate.ts'
import { ROLES } from '../../stack/passwords.ts'
import { createTestDatabase } from '../harness/start.ts'
import type { TestDatabase } from '../harness/database.ts'

let test: TestDatabase
beforeAll(async () => {
  test = await createTestDatabase()
})
afterAll(() => test.close())

/** What the application may do with each table, as PostgreSQL would answer it. */
async function rights(): Promise<Record<string, string>> {
  const rows = await test.admin.$queryRaw<{ name: string; held: string }[]>`
    SELECT relname AS name, (
             SELECT coalesce(string_agg(kind, ' ' ORDER BY n), '')
               FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
                      WITH ORDINALITY AS kinds (kind, n)
              WHERE has_table_privilege(${ROLES.application}::text, c.oid, kind)) AS held
      FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`
  return Object.fromEntries(rows.map(({ name, held }) => [name, held]))
}

describe('the role of the application', () => {
  it.each([
    'CREATE TABLE mine (id integer)',
    'CREATE TEMPORARY TABLE mine (id integer)',
    "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    'CREATE ROLE mine',
    'ALTER TABLE orders ADD COLUMN mine text',
    'ALTER TABLE events DISABLE TRIGGER events_append_only',
    'DROP TABLE notifications',
    'DROP TRIGGER events_append_only ON events',
    'TRUNCATE notifications',
    'TRUNCATE events',
    `UPDATE events SET type = 'Other'`,
    'DELETE FROM operator_actions',
    'UPDATE database_release SET release = 99',
    'SELECT FROM _prisma_migrations',
    'SET session_replication_role = replica',
    `SET ROLE ${ROLES.migrator}`,
  ])('may not say %s', async (statement) => {
    await expect(test.db.$executeRawUnsafe(statement)).rejects.toThrow(
      /42501|permission denied|must be owner/,
    )
  })

  it('owns nothing, and is no superuser', async () => {
    const owned = await test.db.$queryRaw`
      SELECT relname FROM pg_class WHERE relowner = current_user::regrole
      UNION ALL SELECT proname FROM pg_proc WHERE proowner = current_user::regrole
      UNION ALL SELECT datname FROM pg_database WHERE datdba = current_user::regrole`
    expect(owned).toEqual([])
    expect(
      await test.db
        .$queryRaw`SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user`,
    ).toEqual([{ rolsuper: false, rolcreatedb: false, rolcreaterole: false }])
  })
})

describe('a run of the migrator', () => {
  const run = () => migrate(test.migratorUrl, { applicationUrl: test.url })
  const change = (statement: string) => test.admin.$executeRawUnsafe(statement)

  it('gives the application what it needs of a table that is new, and takes back what is too much', async () => {
    const before = await rights()
    expect(before).toMatchObject({
      orders: 'SELECT INSERT UPDATE DELETE',
      events: 'SELECT INSERT',
      database_release: 'SELECT',
      _prisma_migrations: '',
    })
    await change(`GRANT TRUNCATE ON orders TO ${ROLES.application}`)
    await change(`GRANT UPDATE ON events TO ${ROLES.application}`)
    await change('CREATE TABLE added (id bigserial)')
    await change(`ALTER TABLE added OWNER TO ${ROLES.migrator}`)
    await run()
    expect(await rights()).toEqual({ ...before, added: 'SELECT INSERT UPDATE DELETE' })
    await test.db.$executeRaw`INSERT INTO added DEFAULT VALUES`
    await change('DROP TABLE added')
  })

  it('grants nothing where one role does all', async () => {
    await change('DROP SCHEMA public CASCADE')
    await change(`CREATE SCHEMA public AUTHORIZATION ${ROLES.migrator}`)
    await migrate(test.migratorUrl)
    const [row] = await test.admin.$queryRaw<{ count: bigint }[]>`
      SELECT count(*) AS count FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relacl IS NOT NULL`
    expect(row?.count).toBe(0n)
    await run()
    expect(await test.db.product.count()).toBeGreaterThan(0)
  })
})
