import type { Sql } from '../../events/store/sql.ts'

/** How large a table is, with its indexes. */
export interface Size {
  table: string
  rows: number
  tableBytes: number
  indexBytes: number
}

/** Of tables that have rows, the largest first. */
export const readSizes = (db: Sql): Promise<Size[]> =>
  db.query(`
    SELECT relname AS table, reltuples::bigint AS rows, pg_table_size(oid)::bigint AS "tableBytes",
           pg_indexes_size(oid)::bigint AS "indexBytes"
      FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples > 0
     ORDER BY pg_total_relation_size(oid) DESC, relname`)
