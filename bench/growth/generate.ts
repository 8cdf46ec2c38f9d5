import type pg from 'pg'
import { OUTBOX_KEPT_MINUTES } from '../../events/outbox/outbox.ts'
import { CUSTOMER, type Shape } from './shapes.ts'

/** Sagas that one database transaction writes. */
const CHUNK = 20_000

/** The newest sagas, among which the open ones are: as many at every size. */
const NEWEST = 1000

/** A customer has so many orders, but for one that has every hundredth. */
const ORDERS_OF_A_CUSTOMER = 20
export const LARGE_CUSTOMER = 'cus_large'

/** Of what the product deletes when it is old, only the young rows are there. */
const KEPT: Readonly<Record<string, string>> = {
  outbox: `m.created > now() - interval '${OUTBOX_KEPT_MINUTES} minutes'`,
  idempotency_keys: `m.created > now() - interval '72 hours'`,
}

/** Rows that are about more than one saga: `EXTRAS` and `SUMS` write them. */
const NOT_COPIED = [
  'stock',
  'products',
  'projections',
  'stock_levels',
  'sales_days',
  'database_release',
  '_prisma_migrations',
]

/**
 * Writes the rows of many sagas into a database that has one of each shape, as copies of these: with ids, times and
 * customers of their own, the oldest first. The newest was placed a minute ago.
 * @param everySeconds from one saga to the next.
 * @param pool of the superuser: foreign keys are not checked meanwhile. The invariants say that what is written agrees.
 */
export async function generateSagas(
  pool: pg.Pool,
  shapes: readonly Shape[],
  count: number,
  everySeconds: number,
  log: (line: string) => void = () => undefined,
): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('SET synchronous_commit = off')
    await keepShapes(client, shapes)
    const copies = await copiesOf(client)
    for (let first = 1; first <= count; first += CHUNK) {
      const last = Math.min(first + CHUNK - 1, count)
      await client.query('BEGIN')
      await client.query('SET LOCAL session_replication_role = replica')
      await client.query(MADE, [
        first,
        last,
        count,
        everySeconds,
        ORDERS_OF_A_CUSTOMER,
        LARGE_CUSTOMER,
        NEWEST,
      ])
      if (last === count) await client.query(`SELECT setval('outbox_id_seq', (SELECT count(*) FROM events))`)
      for (const copy of copies) await client.query(copy)
      await client.query('COMMIT')
      if (last % 100_000 === 0) log(`${last} of ${count} sagas are written`)
    }
    for (const statement of [...EXTRAS, ...SUMS]) await client.query(statement)
    await client.query('DROP SCHEMA shape CASCADE')
  } finally {
    client.release()
  }
  await pool.query('VACUUM (ANALYZE)')
}

/** Sets the rows of each shape apart: those in which an id of it appears. */
async function keepShapes(client: pg.PoolClient, shapes: readonly Shape[]): Promise<void> {
  await client.query('CREATE SCHEMA shape')
  await client.query(
    'CREATE TABLE shape.shapes (shape integer PRIMARY KEY, name text, low integer, high integer, first uuid, second uuid, at timestamptz)',
  )
  let low = 0
  for (const [shape, { name, weight, ids }] of shapes.entries()) {
    await client.query('INSERT INTO shape.shapes VALUES ($1, $2, $3, $4, $5, $6)', [
      shape,
      name,
      low,
      low + weight - 1,
      ...ids,
    ])
    low += weight
  }
  if (low !== 1000) throw new Error(`The weights of the shapes make ${low}, not 1000`)
  await client.query('UPDATE shape.shapes SET at = (SELECT created_at FROM sagas WHERE id = first)')
  const { rows } = await client.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
      WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> ALL ($1::text[])`,
    [NOT_COPIED],
  )
  for (const { name } of rows) {
    await client.query(
      `CREATE TABLE shape.${name} AS SELECT s.shape, t.* FROM public.${name} t JOIN shape.shapes s
         ON strpos(t::text, s.first::text) > 0 OR strpos(t::text, s.second::text) > 0`,
    )
  }
}

/** One row for each saga that is to be written now. */
const MADE = `
  CREATE TEMPORARY TABLE made ON COMMIT DROP AS
  SELECT n, s.shape, s.first, s.second, created, created - s.at AS shift,
         CASE WHEN n % 100 = 50 THEN $6::text ELSE 'cus_' || abs(hashint4(n)) % greatest($3::integer / $5::integer, 1) END AS customer,
         (time_in_id || '-7' || substr(md5(n::text), 1, 3) || '-8' || substr(md5(n::text), 4, 3) || '-' || substr(md5(n::text), 7, 12)) AS id,
         (time_in_id || '-7' || substr(md5(n::text), 1, 3) || '-9' || substr(md5(n::text), 4, 3) || '-' || substr(md5(n::text), 7, 12)) AS other
    FROM (SELECT n, created, regexp_replace(lpad(to_hex((extract(epoch FROM created) * 1000)::bigint), 12, '0'), '^(.{8})', '\\1-') AS time_in_id,
                 CASE WHEN n > $3::integer - $7::integer AND n % 10 = 3 THEN 'waiting' WHEN n > $3::integer - $7::integer AND n % 20 = 7 THEN 'parked' END AS open
            FROM (SELECT n, (now() - interval '1 minute' - make_interval(secs => ($3::integer - n) * $4::integer))::timestamptz(3) AS created
                    FROM generate_series($1::integer, $2::integer) AS n) AS times) AS moments
    JOIN shape.shapes s ON CASE WHEN open IS NULL THEN n * 617 % 1000 BETWEEN s.low AND s.high ELSE s.name = open END`

interface Column {
  name: string
  type: string
  isSerial: boolean
}

/** The statements that copy the rows of the shapes in each table, in the order of the sagas. */
async function copiesOf(client: pg.PoolClient): Promise<string[]> {
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'shape' AND table_name <> 'shapes' ORDER BY 1`,
  )
  const copies: string[] = []
  for (const { name } of tables) {
    const { rowCount } = await client.query(`SELECT FROM shape.${name} LIMIT 1`)
    if (rowCount === 0) continue
    const { rows: columns } = await client.query<Column>(
      `SELECT quote_ident(column_name) AS name, udt_name AS type, coalesce(column_default LIKE 'nextval(%', false) AS "isSerial"
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position`,
      [name],
    )
    const copied: [name: string, value: string][] = []
    for (const { name: column, type, isSerial } of columns)
      if (!isSerial) copied.push([column, await valueOf(client, name, column, type)])
    const order = columns.some((column) => column.name === 'version') ? 'm.n, t.version' : 'm.n'
    copies.push(
      `INSERT INTO public.${name} (${copied.map(([column]) => column).join(', ')})
       SELECT ${copied.map(([, value]) => value).join(', ')} FROM made m JOIN shape.${name} t USING (shape)
        WHERE ${KEPT[name] ?? 'true'} ORDER BY ${order}`,
    )
  }
  return copies
}

/** Times are moved, and what names the saga or its customer names another; a constant stays as it is. */
async function valueOf(client: pg.PoolClient, table: string, column: string, type: string): Promise<string> {
  const value = `t.${column}`
  if (type === 'timestamptz') return `${value} + m.shift`
  if (!['uuid', 'text', 'jsonb', 'bpchar'].includes(type)) return value
  const { rows } = await client.query<Record<'first' | 'second' | 'customer', boolean | null>>(
    `SELECT bool_or(strpos(${value}::text, s.first::text) > 0) AS first, bool_or(strpos(${value}::text, s.second::text) > 0) AS second,
            bool_or(strpos(${value}::text, '${CUSTOMER}') > 0) AS customer
       FROM shape.${table} t JOIN shape.shapes s USING (shape)`,
  )
  const names = rows[0]
  const replaced = [
    ['first', 'm.first::text', 'm.id'],
    ['second', 'm.second::text', 'm.other'],
    ['customer', `'${CUSTOMER}'`, 'm.customer'],
  ].reduce(
    (text, [name, from, to]) =>
      names?.[name as 'first' | 'second' | 'customer'] === true ? `replace(${text}, ${from}, ${to})` : text,
    `${value}::text`,
  )
  return replaced === `${value}::text` ? value : `(${replaced})::${type}`
}

/** What operators, jobs and consumers leave behind, in proportion to the sagas. */
const EXTRAS = [
  `CREATE TEMPORARY TABLE troubled AS
     SELECT row_number() OVER (ORDER BY id)::integer AS n, id, created_at AS at FROM sagas
      WHERE definition LIKE 'order@%' AND status IN ('rejected', 'cancelled')`,
  `INSERT INTO audit_entries (at, subject, action, target, request_id)
   SELECT at, 'key:' || (ARRAY['anna', 'ben', 'cleo'])[1 + n % 3],
          (ARRAY['POST /operations/orders/{id}/retry', 'POST /operations/orders/{id}/skip'])[1 + n % 2], 'orders/' || id, 'req-' || n
     FROM troubled WHERE n % 5 = 0 ORDER BY n`,
  `INSERT INTO audit_outcomes (entry_id, at, outcome) SELECT id, at, 'done' FROM audit_entries`,
  `INSERT INTO audit_reasons (entry_id, reason) SELECT id, 'The provider is back.' FROM audit_entries`,
  `INSERT INTO operator_actions (at, actor, action, saga_id, reason, before, after)
   SELECT at, 'key:anna', 'retry', id, 'The provider is back.', '{}', '{}' FROM troubled WHERE n % 5 = 0 ORDER BY n`,
  `INSERT INTO retry_batches (id, filter, ramp_percent, actor, reason, status, created_at, updated_at)
   SELECT id, '{}', 10, 'key:anna', 'The provider is back.', 'done', at, at FROM troubled WHERE n % 200 = 0 ORDER BY n`,
  `INSERT INTO retry_batch_items (batch_id, saga_id, step, state, wave, retried_at)
   SELECT b.id, s.id, 'chargePayment', 'succeeded', 1, s.at FROM troubled s JOIN troubled b ON b.n = s.n / 200 * 200
    WHERE s.n >= 200 ORDER BY s.n`,
  `INSERT INTO erasures (customer_id, requested_at, look_at, finished_at)
   SELECT 'cus_gone_' || n, at, at, at FROM troubled WHERE n % 50 = 0 ORDER BY n`,
  // Runs are kept for 90 days, and so are the differences that have gone.
  `INSERT INTO reconciliation_runs (id, state, requested_by, requested_at, window_minutes, window_to, ended_at)
   SELECT gen_random_uuid(), 'ended', 'schedule', day, 1500, day, day
     FROM generate_series(greatest((SELECT min(at) FROM troubled), now() - interval '90 days'), now(), interval '1 day') AS day`,
  `INSERT INTO reconciliation_parts (run_id, step, provider, state)
   SELECT id, step, provider, 'ended' FROM reconciliation_runs,
          (VALUES ('chargePayment', 'payment'), ('createShipment', 'shipping'), ('refundReturn', 'payment')) AS s (step, provider)`,
  `INSERT INTO reconciliation_differences (step, provider, key, saga_id, class, state, first_seen, last_seen, last_run, settled_at)
   SELECT 'chargePayment', 'payment', 'order:' || id || ':chargePayment', id, 'missing_there',
          CASE WHEN n % 20 = 0 AND at > now() - interval '90 days' THEN 'gone' ELSE 'settled' END, at, at, gen_random_uuid(),
          CASE WHEN n % 20 = 0 AND at > now() - interval '90 days' THEN NULL ELSE at END
     FROM troubled WHERE n % 10 = 0 ORDER BY n`,
  // Discarded letters are kept; those that are set aside now are few.
  `INSERT INTO dead_letters (consumer, stream_id, version, type, envelope, state, attempts, cause, message, created_at)
   SELECT 'sales#1', stream_id, version, type, jsonb_build_object('subject', stream_id, 'data', data), 'discarded', 5,
          'APPLY_FAILED', 'The log of its consumer says more.', recorded_at
     FROM troubled JOIN events ON stream_id = 'order-' || troubled.id AND version = 1 WHERE n % 10 = 1 ORDER BY n`,
  `CREATE TEMPORARY TABLE aside AS
     SELECT i.consumer, e.* FROM (SELECT id, version FROM sagas WHERE definition = 'order@1' AND status = 'completed'
       ORDER BY id DESC LIMIT 20) s JOIN events e ON e.stream_id = 'order-' || s.id AND e.version = s.version
       JOIN inbox i ON i.stream_id = e.stream_id AND i.consumer = 'order-summary#1'`,
  `UPDATE inbox SET version = inbox.version - 1 FROM aside
    WHERE inbox.consumer = aside.consumer AND inbox.stream_id = aside.stream_id`,
  `INSERT INTO dead_letters (consumer, stream_id, version, type, envelope, state, attempts, cause, message, created_at)
   SELECT consumer, stream_id, version, type, jsonb_build_object('subject', stream_id, 'data', data), 'parked', 5,
          'APPLY_FAILED', 'The log of its consumer says more.', recorded_at FROM aside`,
  `INSERT INTO broker_cursors (consumer) SELECT name FROM projections ON CONFLICT DO NOTHING`,
  `INSERT INTO broker_messages (id, subject, envelope, stored_at)
   SELECT stream_id || '/' || version, stream_id, jsonb_build_object('specversion', '1.0', 'id', stream_id || '/' || version,
            'source', '/ordersaga/order', 'type', 'ordersaga.' || type, 'subject', stream_id, 'time', recorded_at,
            'datacontenttype', 'application/json', 'streamversion', version, 'schemaversion', schema_version, 'data', data), recorded_at
     FROM outbox JOIN events USING (stream_id, version) ORDER BY outbox.id`,
]

/** What adds up over all sagas. */
const SUMS = [
  `UPDATE stock s SET reserved = m.reserved, sold = m.sold, received = s.available + m.reserved + m.sold
     FROM (SELECT sku, sum(CASE kind WHEN 'reserved' THEN quantity ELSE -quantity END) AS reserved,
                  sum(CASE kind WHEN 'sold' THEN quantity ELSE 0 END)
                    - coalesce((SELECT sum(quantity) FROM stock_returns r WHERE r.sku = stock_movements.sku), 0) AS sold
             FROM stock_movements GROUP BY sku) m WHERE m.sku = s.sku`,
  `UPDATE stock_levels l SET reserved = s.reserved, sold = s.sold FROM stock s WHERE s.sku = l.sku`,
  `DELETE FROM sales_days`,
  `INSERT INTO sales_days (generation, day, sku, currency, quantity, revenue_minor)
   SELECT 1, (m.recorded_at AT TIME ZONE 'UTC')::date, m.sku, 'EUR', sum(m.quantity), sum(m.quantity * l.unit_price_minor)
     FROM stock_movements m JOIN order_lines l USING (order_id, sku) WHERE m.kind = 'sold' GROUP BY 2, 3`,
  `UPDATE broker_cursors SET position = (SELECT coalesce(max(position), 0) FROM broker_messages)`,
  `UPDATE projections SET applied_outbox_id = (SELECT coalesce(max(id), 0) FROM outbox)`,
]
