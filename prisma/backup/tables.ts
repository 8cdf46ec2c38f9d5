import type pg from 'pg'
import type { SequenceEntry, TableEntry } from './manifest.ts'

/** A restored database gets its own: they say which migrations and functions it has, and the migrator writes them. */
const OF_THE_MIGRATOR = ['_prisma_migrations', 'database_release']

export type Table = Pick<TableEntry, 'name' | 'columns'>

/**
 * Every table but those of the migrator, by the catalogue, so that a new one is never forgotten. A partition is read
 * and written through its parent; a generated column is not stored but computed again.
 */
export async function readTables(client: pg.Client): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `SELECT relname AS name, array_agg(attname::text ORDER BY attnum) AS columns
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
      WHERE ${IS_TABLE} AND relname <> ALL ($1::text[]) GROUP BY relname ORDER BY relname`,
    [OF_THE_MIGRATOR],
  )
  return rows
}

/** Also those of the migrator, and of other programs. */
export async function readTableNames(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ relname: string }>(
    `SELECT relname FROM pg_class c WHERE ${IS_TABLE} ORDER BY relname`,
  )
  return rows.map(({ relname }) => relname)
}

/** Not those that an extension brought. */
const IS_TABLE = `relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = current_schema()::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')`

/**
 * A sequence is not part of a snapshot: read after the tables, its value is at least that of every row in them.
 */
export async function readSequences(client: pg.Client): Promise<SequenceEntry[]> {
  const { rows } = await client.query<{ relname: string }>(
    `SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = current_schema()::regnamespace ORDER BY relname`,
  )
  const sequences: SequenceEntry[] = []
  for (const { relname } of rows) {
    const read = await client.query<{ value: number; isCalled: boolean }>(
      `SELECT last_value AS value, is_called AS "isCalled" FROM ${client.escapeIdentifier(relname)}`,
    )
    sequences.push(...read.rows.map((row) => ({ name: relname, ...row })))
  }
  return sequences
}

interface ForeignKey {
  owner: string
  name: string
  definition: string
}

/**
 * Runs `load` with no foreign keys, and makes them anew: tables may come in any order, and PostgreSQL checks each key
 * once over the whole table.
 */
export async function withoutForeignKeys(client: pg.Client, load: () => Promise<void>): Promise<void> {
  const { rows } = await client.query<ForeignKey>(
    `SELECT conrelid::regclass::text AS owner, conname AS name, pg_get_constraintdef(oid) AS definition
       FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND connamespace = current_schema()::regnamespace`,
  )
  for (const { owner, name } of rows)
    await client.query(`ALTER TABLE ${owner} DROP CONSTRAINT ${client.escapeIdentifier(name)}`)
  await load()
  for (const { owner, name, definition } of rows)
    await client.query(`ALTER TABLE ${owner} ADD CONSTRAINT ${client.escapeIdentifier(name)} ${definition}`)
}
