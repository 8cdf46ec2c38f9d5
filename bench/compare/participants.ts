import type { Order, OrderRequest } from './order.ts'

/** What every product costs: the benchmark orders by SKU and quantity alone. */
const PRICE_MINOR = 795

/** The tables of every contestant that has a database. */
export const TABLES = `
  CREATE TABLE products (sku text PRIMARY KEY, price_minor integer NOT NULL);
  CREATE TABLE stock (
    sku text PRIMARY KEY,
    available bigint NOT NULL CHECK (available >= 0),
    reserved bigint NOT NULL CHECK (reserved >= 0),
    sold bigint NOT NULL CHECK (sold >= 0)
  ) WITH (fillfactor = 50);
  CREATE TABLE orders (
    id text PRIMARY KEY,
    customer_id text NOT NULL,
    currency text NOT NULL,
    total_minor integer NOT NULL,
    payment_method text NOT NULL,
    shipping jsonb NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'completed', 'rejected')),
    placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz
  );
  CREATE INDEX orders_ended ON orders (ended_at) WHERE ended_at IS NOT NULL;
  CREATE TABLE order_lines (
    order_id text NOT NULL REFERENCES orders,
    sku text NOT NULL REFERENCES products,
    quantity integer NOT NULL,
    PRIMARY KEY (order_id, sku)
  );
  CREATE TABLE reservations (
    order_id text PRIMARY KEY REFERENCES orders,
    state text NOT NULL CHECK (state IN ('refused', 'reserved', 'released', 'sold'))
  );
  CREATE TABLE charges (
    order_id text PRIMARY KEY REFERENCES orders,
    provider_ref text NOT NULL,
    amount_minor integer NOT NULL,
    state text NOT NULL CHECK (state IN ('live', 'refunded'))
  );
  CREATE TABLE shipments (order_id text PRIMARY KEY REFERENCES orders, tracking_number text NOT NULL);
  CREATE TABLE loyalty_entries (
    order_id text PRIMARY KEY REFERENCES orders,
    customer_id text NOT NULL,
    points integer NOT NULL
  );`

/** Fills the tables. $1: units by SKU, as JSON. */
export const STOCK = `
  WITH product AS (SELECT key AS sku, value::bigint AS units FROM jsonb_each_text($1::jsonb)),
  listed AS (INSERT INTO products SELECT sku, ${PRICE_MINOR} FROM product)
  INSERT INTO stock SELECT sku, units, 0, 0 FROM product`

/** A pool or a session of the driver. */
export interface Queryable {
  query(statement: { name: string; text: string; values: unknown[] }): Promise<{ rows: unknown[] }>
}

/** Stock is locked in the order of its SKUs, so that orders of several products do not deadlock. */
const LINES_OF = (order: string) => `
  SELECT stock.sku, quantity, available FROM ${order} JOIN order_lines USING (order_id) JOIN stock USING (sku)
   ORDER BY stock.sku FOR UPDATE OF stock`

/**
 * One statement for each step. A repeated one changes nothing, and answers as the first did. The first parameter is
 * always the order's id.
 */
const STATEMENTS = {
  place: `
    WITH wanted AS (SELECT sku, quantity FROM jsonb_to_recordset($6::jsonb) AS line (sku text, quantity integer)),
    priced AS (SELECT sku, quantity, quantity * price_minor AS price FROM wanted JOIN products USING (sku)),
    total AS (SELECT sum(price)::integer AS minor, count(*) = (SELECT count(*) FROM wanted) AS is_known FROM priced),
    placed AS (
      INSERT INTO orders (id, customer_id, currency, total_minor, payment_method, shipping)
      SELECT $1, $2, $3, minor, $4, $5::jsonb FROM total WHERE is_known ON CONFLICT DO NOTHING RETURNING id),
    lined AS (INSERT INTO order_lines SELECT id, sku, quantity FROM placed, priced)
    SELECT minor FROM total WHERE is_known`,
  reserve: `
    WITH line AS (${LINES_OF('(SELECT $1::text AS order_id) AS asked')}),
    reservation AS (
      INSERT INTO reservations
      SELECT $1, CASE WHEN bool_and(available >= quantity) THEN 'reserved' ELSE 'refused' END FROM line
      ON CONFLICT (order_id) DO UPDATE SET state = reservations.state RETURNING state, xmax = 0 AS is_new),
    moved AS (
      UPDATE stock SET available = stock.available - quantity, reserved = reserved + quantity
        FROM line, reservation WHERE stock.sku = line.sku AND is_new AND state = 'reserved')
    SELECT state FROM reservation`,
  release: `
    WITH released AS (
      UPDATE reservations SET state = 'released' WHERE order_id = $1 AND state = 'reserved' RETURNING order_id),
    line AS (${LINES_OF('released')})
    UPDATE stock SET available = stock.available + quantity, reserved = reserved - quantity
      FROM line WHERE stock.sku = line.sku`,
  charge: `INSERT INTO charges VALUES ($1, $2, $3, 'live') ON CONFLICT DO NOTHING`,
  refund: `UPDATE charges SET state = 'refunded' WHERE order_id = $1 AND state = 'live'`,
  ship: `INSERT INTO shipments VALUES ($1, $2) ON CONFLICT DO NOTHING`,
  award: `
    INSERT INTO loyalty_entries SELECT id, customer_id, total_minor / 100 FROM orders WHERE id = $1
    ON CONFLICT DO NOTHING`,
  // The order's end is read from the clock after the last wait for a lock: the count comes from what has waited.
  complete: `
    WITH bought AS (
      UPDATE reservations SET state = 'sold' WHERE order_id = $1 AND state = 'reserved' RETURNING order_id),
    line AS (${LINES_OF('bought')}),
    moved AS (
      UPDATE stock SET reserved = reserved - quantity, sold = sold + quantity
        FROM line WHERE stock.sku = line.sku RETURNING stock.sku)
    UPDATE orders SET status = 'completed', ended_at = clock_timestamp()
      FROM (SELECT count(*) FROM moved) AS waited WHERE id = $1 AND status = 'pending'`,
  reject: `UPDATE orders SET status = 'rejected', ended_at = clock_timestamp() WHERE id = $1 AND status = 'pending'`,
} as const

/** The database's part of every step. */
export function createParticipants(db: Queryable) {
  const run = async <Row>(name: keyof typeof STATEMENTS, ...values: unknown[]): Promise<Row | undefined> => {
    const { rows } = await db.query({ name, text: STATEMENTS[name], values })
    return rows[0] as Row | undefined
  }
  const change = async (name: keyof typeof STATEMENTS, ...values: unknown[]): Promise<void> => {
    await run(name, ...values)
  }
  return {
    /** Writes an order and its lines, or finds what the same id has written. Undefined for a product that is unknown. */
    place: async (id: string, request: OrderRequest): Promise<Order | undefined> => {
      const { customerId, currency, paymentMethod, shipping, lines } = request
      const [address, wanted] = [JSON.stringify(shipping), JSON.stringify(lines)]
      const total = await run<{ minor: number }>(
        'place',
        id,
        customerId,
        currency,
        paymentMethod,
        address,
        wanted,
      )
      return total && { id, currency, totalMinor: total.minor, paymentMethod, shipping }
    },
    /** Whether every line could be reserved. */
    reserve: async (id: string) => (await run<{ state: string }>('reserve', id))?.state !== 'refused',
    release: (id: string) => change('release', id),
    charge: (id: string, providerRef: string, amountMinor: number) =>
      change('charge', id, providerRef, amountMinor),
    refund: (id: string) => change('refund', id),
    ship: (id: string, trackingNumber: string) => change('ship', id, trackingNumber),
    award: (id: string) => change('award', id),
    complete: (id: string) => change('complete', id),
    reject: (id: string) => change('reject', id),
  }
}
