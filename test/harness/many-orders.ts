import type pg from 'pg'

export interface ManyOrders {
  /** The number of the first one: another batch begins where the one before has ended. */
  first: number
  count: number
  /** How many days ago the first one was placed, and the last one. */
  from: number
  to: number
  /** Whether one of a hundred is open: it is being processed, waits or is parked. */
  hasOpen: boolean
}

/**
 * Writes the rows of many orders at once, evenly over a time: most completed, 4 of 100 were rejected, 1 was cancelled.
 * Those of the last hour have their events. No workflow runs those that are open.
 * @param pool of the role that owns the tables.
 */
export async function writeOrders(
  pool: pg.Pool,
  { first, count, from, to, hasOpen }: ManyOrders,
): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(
      `CREATE TEMPORARY TABLE made ON COMMIT DROP AS SELECT n, created, created + interval '900 milliseconds' AS ended,
         CASE WHEN $5 AND n % 400 = 7 THEN 'parked' WHEN $5 AND n % 200 = 9 THEN 'waiting'
              WHEN $5 AND n % 400 = 11 THEN 'processing' WHEN n % 100 < 4 THEN 'rejected' WHEN n % 100 = 4 THEN 'cancelled' ELSE 'completed' END AS status,
         (lpad(to_hex((extract(epoch FROM created) * 1000)::bigint), 12, '0') || '70008' || lpad(n::text, 15, '0'))::uuid AS id
       FROM (SELECT n, (now() - interval '1 minute' - interval '1 day' * ($3::float8 + ($4::float8 - $3) * (n - $1) / $2))::timestamptz(3) AS created
         FROM generate_series($1::integer, $1::integer + $2::integer - 1) AS n) AS moments`,
      [first, count, from, to, hasOpen],
    )
    await client.query(
      `INSERT INTO sagas (id, definition, status, reason_code, reason_step, deadline_at, version, created_at, updated_at)
       SELECT id, 'order@1', status,
              CASE status WHEN 'rejected' THEN (ARRAY['OUT_OF_STOCK', 'PAYMENT_DECLINED', 'SHIPMENT_REFUSED'])[1 + n % 3]
                          WHEN 'cancelled' THEN 'CANCELLED_BY_CUSTOMER' END,
              CASE WHEN status IN ('rejected', 'cancelled')
                   THEN (ARRAY['reserveInventory', 'chargePayment', 'createShipment'])[1 + n % 3] END,
              created + interval '30 minutes', 1, created, ended FROM made`,
    )
    await client.query(
      `INSERT INTO orders (id, customer_id, currency, total_minor, payment_method, shipping_service)
       SELECT id, 'cus_' || n % 1009, 'EUR', 100 + n % 50000, 'pm_ok', 'standard' FROM made`,
    )
    await client.query(
      `INSERT INTO order_lines (order_id, sku, position, quantity, unit_price_minor)
       SELECT id, 'TEA-001', 0, 1, 100 + n % 50000 FROM made`,
    )
    await client.query(
      `INSERT INTO step_fences (saga_id, step, state, waiting_for, parked_at, parked_error)
       SELECT id, 'chargePayment', 'pending', CASE WHEN status = 'waiting' THEN 'PAUSED' END,
              CASE WHEN status = 'parked' THEN ended END, CASE WHEN status = 'parked' THEN 'PROVIDER_ERROR' END
         FROM made WHERE status IN ('waiting', 'parked')`,
    )
    // They count as looked at: otherwise the system finds that no workflow runs them, and starts one for each.
    await client.query(
      `INSERT INTO saga_watches (saga_id, version)
       SELECT id, 1 FROM made WHERE status IN ('processing', 'waiting', 'parked')`,
    )
    await client.query(
      `INSERT INTO events (stream_id, version, type, data, recorded_at)
       SELECT 'order-' || id, version, type, '{}', created + interval '200 milliseconds' * (version - 1)
         FROM made, unnest(ARRAY['OrderPlaced', 'InventoryReserved', 'PaymentCharged', 'ShipmentCreated', 'OrderCompleted'])
              WITH ORDINALITY AS each (type, version)
        WHERE status = 'completed' AND created > now() - interval '1 hour'`,
    )
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
  await pool.query('VACUUM ANALYZE')
}
