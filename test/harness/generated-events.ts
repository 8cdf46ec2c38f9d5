import type pg from 'pg'

/** Events of a generated order: placed, reserved, charged, completed, notified. */
export const EVENTS_PER_ORDER = 5

/** Writes what orders would have written into the store, published long ago, without the orders themselves. */
export async function generateEvents(pool: pg.Pool, orders: number): Promise<void> {
  await pool.query(
    `WITH placed AS MATERIALIZED (
       SELECT 'order-' || gen_random_uuid() AS stream_id, 'cus_' || n % 1000 AS customer, 1 + n % 5 AS quantity,
              'TEA-00' || 1 + n % 7 AS sku, clock_timestamp() - make_interval(mins => $1 - n) AS at
         FROM generate_series(1, $1::integer) AS n
     ), told AS (
       INSERT INTO events (stream_id, version, type, data, recorded_at)
       SELECT stream_id, version, type, data, at + make_interval(secs => version)
         FROM placed, LATERAL (VALUES
           (1, 'OrderPlaced', jsonb_build_object('customerId', customer, 'currency', 'EUR', 'totalMinor', 795 * quantity,
             'lines', jsonb_build_array(jsonb_build_object('sku', sku, 'quantity', quantity, 'unitPriceMinor', 795)))),
           (2, 'InventoryReserved', jsonb_build_object('lines', jsonb_build_array(
             jsonb_build_object('sku', sku, 'quantity', quantity)))),
           (3, 'PaymentCharged', jsonb_build_object('amountMinor', 795 * quantity, 'currency', 'EUR')),
           (4, 'OrderCompleted', jsonb_build_object('lines', jsonb_build_array(
             jsonb_build_object('sku', sku, 'quantity', quantity)))),
           (5, 'CustomerNotified', '{}')) AS events (version, type, data)
       RETURNING stream_id, version
     ) INSERT INTO outbox (stream_id, version, published_at) SELECT stream_id, version, clock_timestamp() FROM told`,
    [orders],
  )
}
