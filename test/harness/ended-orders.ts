import type { Database } from '../../prisma/client.ts'

/** Writes the rows of many orders of one customer at once, each completed so many days ago, and never run. */
export async function writeEndedOrders(
  db: Database,
  { customerId, count, daysAgo = 0 }: { customerId: string; count: number; daysAgo?: number },
): Promise<void> {
  await db.$executeRaw`
    WITH made AS (
      SELECT (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0')
               || '7' || substr(md5(random()::text), 1, 19))::uuid AS id, at
        FROM (SELECT clock_timestamp() - make_interval(days => ${daysAgo}::integer) AS at
                FROM generate_series(1, ${count}::integer)) AS times
    ), saga AS (
      INSERT INTO sagas (id, definition, status, deadline_at, version, created_at, updated_at)
      SELECT id, 'many@1', 'completed', at, 1, at, at FROM made RETURNING id
    ), placed AS (
      INSERT INTO orders (id, customer_id, currency, total_minor, payment_method, shipping_service)
      SELECT id, ${customerId}, 'EUR', 1590, 'pm_ok', 'standard' FROM saga RETURNING id
    ) INSERT INTO order_addresses (order_id, name, line1, city, postal_code, country)
    SELECT id, 'A. Doe', '1 High St', 'Utrecht', '3511 ZX', 'NL' FROM placed`
}
