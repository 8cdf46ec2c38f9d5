import type pg from 'pg'

/**
 * Lets a role work on the rows, and nothing else: it owns nothing, so it can neither alter, drop nor truncate a table,
 * whose triggers would not see that. Tables that are append-only take no update and no delete, by their trigger and by
 * this. Every run of the migrator looks, so that a new table is never forgotten; only what differs is granted, because
 * a grant waits for the locks of other sessions.
 */
export async function grantToApplication(client: pg.Client, role: string): Promise<void> {
  const to = client.escapeIdentifier(role)
  const { rows } = await client.query<{ what: string; wanted: string; held: string }>(DIFFERING, [role])
  for (const { what, wanted, held } of rows) {
    if (held !== '') await client.query(`REVOKE ALL ON ${what} FROM ${to}`)
    if (wanted !== '') await client.query(`GRANT ${wanted} ON ${what} TO ${to}`)
  }
}

const DIFFERING = `
  WITH relation AS (
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || c.oid::regclass AS what,
           CASE WHEN relkind = 'S' THEN 'USAGE'
                WHEN relname = '_prisma_migrations' THEN ''
                WHEN relname = 'database_release' THEN 'SELECT'
                WHEN EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgfoid = to_regproc('refuse_change'))
                  THEN 'INSERT, SELECT'
                ELSE 'DELETE, INSERT, SELECT, UPDATE' END AS wanted,
           (SELECT coalesce(string_agg(privilege_type, ', ' ORDER BY privilege_type), '') FROM aclexplode(relacl)
             WHERE grantee = (SELECT oid FROM pg_roles WHERE rolname = $1)) AS held
      FROM pg_class c WHERE relkind IN ('r', 'p', 'S') AND relnamespace = current_schema()::regnamespace
  )
  SELECT * FROM relation WHERE wanted <> held
  UNION ALL
  SELECT 'SCHEMA ' || current_schema()::regnamespace, 'USAGE', ''
   WHERE NOT has_schema_privilege($1, current_schema()::regnamespace::oid, 'USAGE')
  UNION ALL
  SELECT 'ROUTINE ' || p.oid::regprocedure, 'EXECUTE', '' FROM pg_proc p
   WHERE pronamespace = current_schema()::regnamespace AND NOT has_function_privilege($1, p.oid, 'EXECUTE')`
