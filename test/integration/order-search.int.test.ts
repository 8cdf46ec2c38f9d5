import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OrderFilter } from '../../domain/order/filter.ts'
import { createOrderQueries } from '../../domain/order/queries.ts'
import type { Database } from '../../prisma/client.ts'
import type { Prisma } from '../../prisma/generated/client.ts'
import type { TestDatabase } from '../harness/database.ts'
import { rowsTouched } from '../harness/many-sagas.ts'
import { createTestDatabase } from '../harness/start.ts'

/** Orders of a hundred days, one after the other. */
const MANY = 12_000
const STARTED = Date.UTC(2026, 0, 1)
const BETWEEN_MS = (100 * 86_400_000) / MANY
const momentOf = (n: number) => new Date(STARTED + n * BETWEEN_MS)

/** A page with what is read of each order, and no more than a handful of rows on the way to each. */
const FEW_ROWS = 400
/** The same after those that a total, or a customer, leaves were counted as far as it takes. */
const COUNTED_ROWS = FEW_ROWS + 2001

let test: TestDatabase
beforeAll(async () => {
  test = await createTestDatabase()
  await writeOrders(test.admin)
})
afterAll(() => test.close())

/** Of a hundred orders five were turned back, at one of two steps; the first two hundred of all wait or are parked. */
async function writeOrders(db: Database): Promise<void> {
  await db.$executeRaw`
    CREATE TABLE made AS SELECT n, created, CASE
        WHEN n <= 100 THEN 'waiting' WHEN n <= 200 THEN 'parked' WHEN n % 100 < 5 THEN 'rejected' ELSE 'completed' END AS status,
        (lpad(to_hex((extract(epoch FROM created) * 1000)::bigint), 12, '0') || '7000' || '8' || lpad(n::text, 15, '0'))::uuid AS id
      FROM (SELECT n, to_timestamp((${STARTED}::float8 + n * ${BETWEEN_MS}::float8) / 1000)::timestamptz(3) AS created
        FROM generate_series(1, ${MANY}::integer) AS n) AS moments`
  await db.$executeRaw`
    INSERT INTO sagas (id, definition, status, reason_code, reason_step, deadline_at, version, created_at, updated_at)
    SELECT id, 'order@1', status, CASE WHEN status = 'rejected' THEN (ARRAY['STEP_FAILED', 'OUT_OF_STOCK', 'PAYMENT_DECLINED'])[1 + n % 3] END,
           CASE WHEN status = 'rejected' THEN (ARRAY['chargePayment', 'createShipment'])[1 + n % 2] END, created, 1, created, created
      FROM made`
  await db.$executeRaw`
    INSERT INTO orders (id, customer_id, currency, total_minor, payment_method, shipping_service)
    SELECT id, CASE WHEN n % 2 = 0 THEN 'cus_half' ELSE 'cus_' || n % 1001 END, 'EUR', n % 1000 + 1, 'pm_ok', 'standard'
      FROM made`
  await db.$executeRaw`
    INSERT INTO step_fences (saga_id, step, state, waiting_for, parked_at)
    SELECT id, 'chargePayment', 'pending', CASE WHEN status = 'waiting' THEN 'PAUSED' END,
           CASE WHEN status = 'parked' THEN created END
      FROM made WHERE status IN ('waiting', 'parked')`
  await db.$executeRaw`DROP TABLE made`
  await db.$executeRaw`ANALYZE`
}

type Case = [filter: OrderFilter, where: Prisma.OrderWhereInput, rows: number]

const [from, to] = [momentOf(4000), momentOf(4500)]
const createdAt = { gte: from, lte: to }
const atCharge: Prisma.OrderWhereInput = {
  OR: [
    { saga: { reasonStep: 'chargePayment' } },
    {
      saga: {
        fences: {
          some: { step: 'chargePayment', OR: [{ waitingFor: { not: null } }, { parkedAt: { not: null } }] },
        },
      },
    },
  ],
}

const CASES: Case[] = [
  [
    { status: 'rejected', reasonCode: 'STEP_FAILED' },
    { saga: { status: 'rejected', reasonCode: 'STEP_FAILED' } },
    FEW_ROWS,
  ],
  [{}, {}, FEW_ROWS],
  [{ status: 'waiting' }, { saga: { status: 'waiting' } }, FEW_ROWS],
  [{ status: 'completed' }, { saga: { status: 'completed' } }, FEW_ROWS],
  [{ customerId: 'cus_half' }, { customerId: 'cus_half' }, FEW_ROWS],
  [{ reasonCode: 'STEP_FAILED' }, { saga: { reasonCode: 'STEP_FAILED' } }, FEW_ROWS],
  [{ reasonCode: 'DEADLINE_EXCEEDED' }, { saga: { reasonCode: 'DEADLINE_EXCEEDED' } }, FEW_ROWS],
  [{ step: 'chargePayment' }, atCharge, FEW_ROWS],
  [{ createdFrom: from, createdTo: to }, { saga: { createdAt } }, FEW_ROWS],
  [{ createdTo: from }, { saga: { createdAt: { lte: from } } }, FEW_ROWS],
  [{ minTotalMinor: 100 }, { totalMinor: { gte: 100 } }, COUNTED_ROWS],
  [{ minTotalMinor: 999 }, { totalMinor: { gte: 999 } }, FEW_ROWS],
  [
    { status: 'rejected', createdFrom: from, createdTo: to },
    { saga: { status: 'rejected', createdAt } },
    FEW_ROWS,
  ],
  [
    { reasonCode: 'STEP_FAILED', createdFrom: from, createdTo: to },
    { saga: { reasonCode: 'STEP_FAILED', createdAt } },
    FEW_ROWS,
  ],
  [{ step: 'chargePayment', createdTo: to }, { ...atCharge, saga: { createdAt: { lte: to } } }, FEW_ROWS],
  [{ step: 'chargePayment', status: 'parked' }, { ...atCharge, saga: { status: 'parked' } }, FEW_ROWS],
  [
    { customerId: 'cus_7', status: 'completed' },
    { customerId: 'cus_7', saga: { status: 'completed' } },
    FEW_ROWS,
  ],
  [
    { customerId: 'cus_half', status: 'parked' },
    { customerId: 'cus_half', saga: { status: 'parked' } },
    COUNTED_ROWS,
  ],
  [
    { customerId: 'cus_half', createdFrom: from, createdTo: to },
    { customerId: 'cus_half', saga: { createdAt } },
    FEW_ROWS,
  ],
  [
    { status: 'completed', minTotalMinor: 999 },
    { saga: { status: 'completed' }, totalMinor: { gte: 999 } },
    FEW_ROWS,
  ],
]

describe.each(['force_generic_plan', 'force_custom_plan'])('a search among many orders, with %s', (mode) => {
  it.each(CASES)('for %j finds the newest that fit, and passes few others', async (filter, where, rows) => {
    const fitting = await test.db.order.findMany({ where, orderBy: { id: 'desc' }, select: { id: true } })
    const found: string[] = []
    for (const after of [undefined, ...fitting.slice(9, 10).map(({ id }) => id)]) {
      const search = async (db: Database) => {
        // These tables are small, and the plan is to be that for large ones.
        for (const setting of [
          `plan_cache_mode = ${mode}`,
          'enable_seqscan = off',
          'enable_bitmapscan = off',
        ])
          await db.$executeRawUnsafe(`SET LOCAL ${setting}`)
        const page = await createOrderQueries({ db }).list(filter, { limit: 9, after })
        found.push(...page.map(({ id }) => id))
      }
      expect(await rowsTouched(test.db, search)).toBeLessThan(rows)
    }
    expect(found).toEqual(fitting.slice(0, 20).map(({ id }) => id))
  })
})
