import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOrderJournal } from '../../domain/order/journal.ts'
import { canMove, isTerminal, SAGA_STATUSES } from '../../domain/saga/status.ts'
import type { Database } from '../../prisma/client.ts'
import { ROOT } from '../../root.ts'
import type { TestDatabase } from '../harness/database.ts'
import { createTestDatabase } from '../harness/start.ts'
import { placeOrderRow } from '../harness/order-rows.ts'
import { attemptStep } from '../harness/steps.ts'

let test: TestDatabase
beforeAll(async () => {
  test = await createTestDatabase()
})
afterAll(() => test.close())

/** The Prisma CLI, with the engine of this project, on the test's database. */
function prisma(...args: string[]) {
  return spawnSync(process.execPath, [path.join(ROOT, 'node_modules/prisma/build/index.js'), ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    env: {
      ...process.env,
      DATABASE_URL: test.url,
      MIGRATE_DATABASE_URL: test.migratorUrl,
      PRISMA_SCHEMA_ENGINE_BINARY: path.join(ROOT, 'test/harness/schema-engine.mjs'),
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
    },
  })
}

describe('the migrations', () => {
  it('make exactly the tables that the Prisma schema describes', () => {
    const diff = prisma('migrate', 'diff', '--from-config-datasource', '--to-schema', 'prisma/schema.prisma')
    expect(diff.stdout + diff.stderr).toContain('No difference detected.')
  })

  it('leave a history that the Prisma CLI accepts', () => {
    const status = prisma('migrate', 'status')
    expect(status.stdout + status.stderr).toContain('Database schema is up to date!')
  })
})

describe('the database itself', () => {
  it('completes no order with a step before the pivot that is not done, whatever asks for it', async () => {
    const id = await placeOrderRow(test.db, {}, ['reserveInventory', 'chargePayment'])
    const complete = () =>
      test.admin.$executeRaw`UPDATE sagas SET status = 'completed' WHERE id = ${id}::uuid`
    await attemptStep(test.db, 'reserveInventory', id)
    await expect(complete()).rejects.toThrow(/cannot be completed: chargePayment is not done/)
  })

  const pairs = SAGA_STATUSES.flatMap((from) =>
    SAGA_STATUSES.filter((to) => to !== from).map((to) => ({ from, to })),
  )

  it('allows exactly the moves of the table in domain/saga/status.ts', async () => {
    const id = await placeOrderRow(test.db, {}, [])
    const isAllowed = async (from: string, to: string, hasReason: boolean) => {
      const code = hasReason ? (to === 'cancelled' ? 'CANCELLED_BY_CUSTOMER' : 'STEP_FAILED') : null
      let isLegal = false
      await test.admin
        .$transaction(async (db) => {
          // Puts the row where no statement could, so that the trigger alone is asked.
          await db.$executeRaw`ALTER TABLE sagas DISABLE TRIGGER USER`
          await db.$executeRaw`ALTER TABLE sagas DROP CONSTRAINT sagas_reason, DROP CONSTRAINT sagas_cancelled_by_customer`
          await db.$executeRaw`UPDATE sagas SET status = ${from}, reason_code = ${code}, reason_step = ${code} WHERE id = ${id}::uuid`
          await db.$executeRaw`ALTER TABLE sagas ENABLE TRIGGER USER`
          await db.$executeRaw`UPDATE sagas SET status = ${to} WHERE id = ${id}::uuid`
          isLegal = true
          throw new Error('roll back')
        })
        .catch((error: unknown) => {
          if (!isLegal) expect(String(error)).toMatch(/cannot go from/)
        })
      return isLegal
    }
    for (const hasReason of [false, true]) {
      for (const { from, to } of pairs) {
        expect([from, to, hasReason, await isAllowed(from, to, hasReason)]).toEqual([
          from,
          to,
          hasReason,
          canMove(from, to, hasReason),
        ])
      }
    }
    expect(SAGA_STATUSES.filter(isTerminal)).toEqual(['completed', 'rejected', 'cancelled'])
  })

  it.each([
    [
      'sell more than there is',
      /stock_available_not_negative/,
      `UPDATE stock SET available = -1, received = -1 WHERE sku = 'NONE-001'`,
    ],
    [
      'have two live charges for one order',
      /charges_one_live|23505/,
      `INSERT INTO charges (key, order_id, provider_ref, amount_minor, currency, state)
         SELECT id || k, id, 'r', 1, 'EUR', 'live' FROM orders, (VALUES ('a'), ('b')) AS keys (k)`,
    ],
    [
      'have two live shipments for one order',
      /shipments_one_live|23505/,
      `INSERT INTO shipments (key, order_id, tracking_number, state)
         SELECT id || k, id, 't', 'live' FROM orders, (VALUES ('a'), ('b')) AS keys (k)`,
    ],
    [
      'both release and sell what was reserved',
      /stock_movements_one_end|23505/,
      `INSERT INTO stock_movements (order_id, sku, kind, quantity)
         SELECT id, 'TEA-001', k, 1 FROM orders, (VALUES ('released'), ('sold')) AS kinds (k)`,
    ],
    ['change an event', /events is append-only/, `UPDATE events SET type = 'Other'`],
    ['lose an event', /events is append-only/, `DELETE FROM events`],
    ['change a stock movement', /stock_movements is append-only/, `UPDATE stock_movements SET quantity = 2`],
    ['lose points', /loyalty_entries is append-only/, `DELETE FROM loyalty_entries`],
    [
      'have two events of one version',
      /events_pkey|23505/,
      `INSERT INTO events (stream_id, version, type, data) SELECT stream_id, 1, 'X', '{}' FROM events`,
    ],
    [
      'cancel an order for another reason',
      /sagas_cancelled_by_customer/,
      `UPDATE sagas SET status = 'cancelled', reason_code = 'STEP_FAILED', reason_step = 'x' WHERE status = 'compensating'`,
    ],
    [
      'turn an order back without a reason',
      /sagas_reason/,
      `UPDATE sagas SET status = 'compensating' WHERE status = 'pending'`,
    ],
    [
      'exchange the first reason for another',
      /already has the reason/,
      `UPDATE sagas SET reason_code = 'OTHER' WHERE status = 'compensating'`,
    ],
    [
      'do a step again that was undone',
      /cannot go from undone to done/,
      `UPDATE step_fences SET state = 'done' WHERE state = 'undone'`,
    ],
  ])('cannot %s', async (_what, reason, statement) => {
    await turnedBack(test.db)
    await placeOrderRow(test.db)
    await expect(test.admin.$executeRawUnsafe(statement)).rejects.toThrow(reason)
  })
})

/** An order that has done something, is compensating, and has undone one step of two. */
async function turnedBack(db: Database): Promise<void> {
  const id = await placeOrderRow(db)
  await attemptStep(db, 'reserveInventory', id)
  await attemptStep(db, 'awardPoints', id)
  await createOrderJournal({ db }).beginCompensation(id, { code: 'STEP_FAILED', step: 'completeOrder' })
  await attemptStep(db, 'revokePoints', id)
}
