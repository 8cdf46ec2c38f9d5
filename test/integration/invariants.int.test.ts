import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { wordsOf } from '../../console/pages/invariants/words.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

/** Each check is seen to fail: a row is tampered with behind the system's back, and put back afterwards. */
let system: System
let completed: string
let rejected: string
let cancelled: string
beforeAll(async () => {
  system = await startSystem()
  completed = (await system.api.run()).id
  await system.api.notified(completed)
  rejected = (await system.api.run({ service: 'refused' })).id
  const { id } = await system.api.place({ paymentMethod: 'pm_rate_limited_9999' })
  await system.api.reached(id, 'waiting')
  await system.api.cancel(id)
  cancelled = (await system.api.ended(id)).id
  await system.api.openAccount('payer', 500)
  await system.api.openAccount('payee', 0)
  await system.api.runTransfer('payer', 'payee', 200)
  const back = await system.api.run()
  const { id: returned } = await system.api.askToReturn(back.id, { reason: 'It leaks.' })
  await system.world.receiveParcel(returned)
  await system.api.returned(returned, 'refunded')
  await system.api.notified(back.id)
})
afterAll(() => system.close())

const check = async (name: string) =>
  (await system.api.invariants()).checks.find((found) => found.name === name)

/** Runs statements with every trigger and constraint that would refuse them out of the way. */
async function tamper(...statements: string[]): Promise<void> {
  await system.admin.$transaction(async (db) => {
    await db.$executeRawUnsafe(`SET LOCAL session_replication_role = replica`)
    for (const statement of statements) await db.$executeRawUnsafe(statement)
  })
}

describe('the invariants', () => {
  it('hold for an order whose undo has begun and is in no event yet', async () => {
    const { id } = await system.api.place({ paymentMethod: 'pm_refund_fails_3', service: 'refused' })
    await until('the refund to be tried', async () => {
      const { steps } = await system.api.order(id)
      return steps.some(({ compensation }) => compensation === 'running') ? true : undefined
    })
    expect((await system.api.invariants()).checks.filter((found) => !found.ok)).toEqual([])
    expect((await system.api.ended(id)).status).toBe('rejected')
  })

  it('hold for orders of every outcome, and for those on their way', async () => {
    const { id } = await system.api.place({ service: 'slow_1500' })
    const { ok, checks } = await system.api.invariants()
    expect(checks.filter((found) => !found.ok)).toEqual([])
    expect(ok).toBe(true)
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'money',
        'stock',
        'shipments',
        'loyalty',
        'money-at-gateway',
        'shipments-at-carrier',
        'dead-letters',
      ]),
    )
    expect(checks.filter(({ name }) => wordsOf(name).rule === undefined)).toEqual([])
    // The tests that follow count events: nothing more is to come.
    await system.api.notified(id)
  })

  const id = { completed: () => completed, rejected: () => rejected, cancelled: () => cancelled }
  it.each<{ name: string; who: keyof typeof id; does: (id: string) => string; undo: (id: string) => string }>(
    [
      {
        name: 'money',
        who: 'rejected',
        does: (order) => `UPDATE charges SET state = 'live' WHERE order_id = '${order}'`,
        undo: (order) => `UPDATE charges SET state = 'refunded' WHERE order_id = '${order}'`,
      },
      {
        name: 'money',
        who: 'completed',
        does: (order) => `UPDATE charges SET amount_minor = 1 WHERE order_id = '${order}'`,
        undo: (order) => `UPDATE charges SET amount_minor = 1590 WHERE order_id = '${order}'`,
      },
      {
        name: 'stock',
        who: 'completed',
        does: () =>
          `UPDATE stock SET reserved = reserved + 1, available = available - 1 WHERE sku = 'TEA-001'`,
        undo: () =>
          `UPDATE stock SET reserved = reserved - 1, available = available + 1 WHERE sku = 'TEA-001'`,
      },
      {
        name: 'stock',
        who: 'rejected',
        does: (order) =>
          `UPDATE stock_movements SET kind = 'sold' WHERE kind = 'released' AND order_id = '${order}'`,
        undo: (order) =>
          `UPDATE stock_movements SET kind = 'released' WHERE kind = 'sold' AND order_id = '${order}'`,
      },
      {
        name: 'shipments',
        who: 'completed',
        does: (order) => `UPDATE shipments SET state = 'cancelled' WHERE order_id = '${order}'`,
        undo: (order) => `UPDATE shipments SET state = 'live' WHERE order_id = '${order}'`,
      },
      {
        name: 'loyalty',
        who: 'completed',
        does: (order) => `UPDATE loyalty_entries SET points = points + 1 WHERE order_id = '${order}'`,
        undo: (order) => `UPDATE loyalty_entries SET points = points - 1 WHERE order_id = '${order}'`,
      },
      {
        name: 'fences',
        who: 'rejected',
        does: (order) =>
          `UPDATE step_fences SET state = 'undoing' WHERE step = 'chargePayment' AND saga_id = '${order}'`,
        undo: (order) =>
          `UPDATE step_fences SET state = 'undone' WHERE step = 'chargePayment' AND saga_id = '${order}'`,
      },
      {
        name: 'orphans',
        who: 'completed',
        does: (order) =>
          `INSERT INTO saga_starts (saga_id, created_at) VALUES ('${order}', now() - interval '6 minutes')`,
        undo: (order) => `DELETE FROM saga_starts WHERE saga_id = '${order}'`,
      },
      {
        name: 'orphans',
        who: 'cancelled',
        does: (order) =>
          `INSERT INTO saga_watches (saga_id, version, orphan_since)
             SELECT id, version, now() - interval '6 minutes' FROM sagas WHERE id = '${order}'`,
        undo: (order) => `DELETE FROM saga_watches WHERE saga_id = '${order}'`,
      },
      {
        name: 'versions',
        who: 'completed',
        does: (order) => `UPDATE sagas SET version = version + 1 WHERE id = '${order}'`,
        undo: (order) => `UPDATE sagas SET version = version - 1 WHERE id = '${order}'`,
      },
      {
        name: 'versions',
        who: 'cancelled',
        does: (order) => `DELETE FROM outbox WHERE version = 1 AND stream_id = 'order-${order}'`,
        undo: (order) => `INSERT INTO outbox (stream_id, version) VALUES ('order-${order}', 1)`,
      },
      {
        name: 'versions',
        who: 'rejected',
        does: (order) =>
          `UPDATE outbox SET published_at = now() WHERE version = 2 AND stream_id = 'order-${order}'`,
        undo: (order) => `UPDATE outbox SET published_at = NULL WHERE stream_id = 'order-${order}'`,
      },
      {
        name: 'status',
        who: 'rejected',
        does: (order) => `UPDATE sagas SET reason_code = 'OTHER' WHERE id = '${order}'`,
        undo: (order) => `UPDATE sagas SET reason_code = 'SHIPMENT_REFUSED' WHERE id = '${order}'`,
      },
      {
        name: 'status',
        who: 'completed',
        does: (order) =>
          `UPDATE step_fences SET state = 'skipped' WHERE step = 'notifyCustomer' AND saga_id = '${order}'`,
        undo: (order) =>
          `UPDATE step_fences SET state = 'done' WHERE step = 'notifyCustomer' AND saga_id = '${order}'`,
      },
      {
        name: 'order-of-events',
        who: 'cancelled',
        does: (order) =>
          `UPDATE events SET type = 'PaymentCharged' WHERE type = 'OrderCancelled' AND stream_id = 'order-${order}'`,
        undo: (order) =>
          `UPDATE events SET type = 'OrderCancelled' WHERE type = 'PaymentCharged' AND stream_id = 'order-${order}'`,
      },
    ],
  )('$name: a $who order that was tampered with is found and named', async ({ name, who, does, undo }) => {
    const order = id[who]()
    await tamper(does(order))
    const found = await check(name)
    await tamper(undo(order))
    expect(await system.api.invariants()).toMatchObject({ ok: true })
    expect(found).toMatchObject({ ok: false, detail: expect.stringMatching(/violation/) as string })
  })

  it.each([
    ['versions', `UPDATE streams SET version = version + 1 WHERE id = 'account-payer'`],
    ['accounts', `UPDATE events SET data = '{"amountMinor": 9999}' WHERE type = 'MoneyWithdrawn'`],
    ['transfers', `UPDATE events SET data = data || '{"amountMinor": 1}' WHERE type = 'MoneyWithdrawn'`],
    [
      'transfers',
      `UPDATE events SET type = 'MoneyReturned' WHERE type = 'MoneyDeposited' AND data ? 'transferId'`,
    ],
  ])('%s: money that went astray is found (%s)', async (name, tampering) => {
    const before = await system.db.event.findMany({ where: { streamId: { startsWith: 'account-' } } })
    const head = await system.db.stream.findUniqueOrThrow({ where: { id: 'account-payer' } })
    await tamper(tampering)
    const found = await check(name)
    await tamper(
      ...before.map(
        ({ streamId, version, type, data }) =>
          `UPDATE events SET type = '${type}', data = '${JSON.stringify(data)}'
            WHERE stream_id = '${streamId}' AND version = ${version}`,
      ),
      `UPDATE streams SET version = ${head.version} WHERE id = 'account-payer'`,
    )
    expect(await system.api.invariants()).toMatchObject({ ok: true })
    expect(found).toMatchObject({ ok: false, detail: expect.stringMatching(/violation/) as string })
  })

  it.each([
    ['returns', `UPDATE return_lines SET quantity = 3`, `UPDATE return_lines SET quantity = 2`],
    ['returns', `UPDATE stock_returns SET quantity = 1`, `UPDATE stock_returns SET quantity = 2`],
    ['returns', `UPDATE returns SET status = 'expired'`, `UPDATE returns SET status = 'refunded'`],
    ['returns', `UPDATE returns SET decision = 'refused'`, `UPDATE returns SET decision = 'approved'`],
    [
      'returns',
      `UPDATE events SET type = 'ReturnOther' WHERE type = 'ReturnRefunded'`,
      `UPDATE events SET type = 'ReturnRefunded' WHERE type = 'ReturnOther'`,
    ],
    [
      'stock',
      `UPDATE stock SET sold = sold - 1, available = available + 1 WHERE sku = 'TEA-001'`,
      `UPDATE stock SET sold = sold + 1, available = available - 1 WHERE sku = 'TEA-001'`,
    ],
    [
      'loyalty',
      `UPDATE loyalty_returns SET points = points + 1`,
      `UPDATE loyalty_returns SET points = points - 1`,
    ],
    ['money', `UPDATE refunds SET amount_minor = 1`, `UPDATE refunds SET amount_minor = 1590`],
    [
      'returns',
      `UPDATE return_lines SET unit_price_minor = 1`,
      `UPDATE return_lines SET unit_price_minor = 795`,
    ],
    [
      'refunds-at-gateway',
      `UPDATE returns SET amount_minor = amount_minor + 1`,
      `UPDATE returns SET amount_minor = amount_minor - 1`,
    ],
  ])('%s: a return that was tampered with is found (%s)', async (name, tampering, back) => {
    await tamper(tampering)
    const found = await check(name)
    await tamper(back)
    expect(await system.api.invariants()).toMatchObject({ ok: true })
    expect(found).toMatchObject({ ok: false, detail: expect.stringMatching(/violation/) as string })
  })

  describe('dead-letters:', () => {
    /** What a consumer makes of the completed order: how far it is, and what it has set aside. */
    const consumption = (
      position: number,
      ...letters: { version: number; state: string; cause?: string }[]
    ) => [
      `INSERT INTO inbox (consumer, stream_id, version) VALUES ('sales#1', 'order-${completed}', ${position})`,
      ...letters.map(
        ({ version, state, cause = 'TYPE_ERROR' }) =>
          `INSERT INTO dead_letters (consumer, stream_id, version, type, envelope, state, cause, next_attempt_at)
           VALUES ('sales#1', 'order-${completed}', ${version}, 'Told', '{}', '${state}', '${cause}',
             CASE '${state}' WHEN 'retrying' THEN now() END)`,
      ),
    ]
    const checked = async (statements: string[]) => {
      await tamper(...statements)
      const found = await check('dead-letters')
      await tamper('DELETE FROM inbox', 'DELETE FROM dead_letters')
      return found
    }
    const parked = (version: number) => ({ version, state: 'parked' })
    const behind = (version: number) => ({ version, state: 'behind' })

    it('every event is applied, set aside, or in flight, and is counted so', async () => {
      const recorded = await system.db.event.count()
      expect(await checked(consumption(1, parked(2), behind(3)))).toEqual({
        name: 'dead-letters',
        ok: true,
        detail: expect.stringContaining(
          `sales: ${recorded} recorded = 1 applied + 2 set aside + ${recorded - 3} in flight`,
        ) as string,
      })
    })

    it('an event that is still on its way is no hole, one that never comes is', async () => {
      const gap = { version: 3, cause: 'EVENT_GAP' }
      expect(await checked(consumption(1, { ...gap, state: 'retrying' }))).toMatchObject({ ok: true })
      expect(await checked(consumption(1, { ...gap, state: 'parked' }))).toMatchObject({ ok: false })
    })

    it.each([
      { what: 'a position beyond the head of its stream', tampering: () => consumption(99) },
      { what: 'a letter beyond the head of its stream', tampering: () => consumption(98, parked(99)) },
      { what: 'a hole before what is set aside', tampering: () => consumption(1, parked(3)) },
      { what: 'a hole in what is set aside', tampering: () => consumption(1, parked(2), behind(4)) },
      { what: 'a position that has passed what is set aside', tampering: () => consumption(3, parked(2)) },
      { what: 'a letter without a position', tampering: () => consumption(1, parked(2)).slice(1) },
    ])('$what is found', async ({ tampering }) => {
      const found = await checked(tampering())
      expect(found).toMatchObject({ ok: false, detail: expect.stringContaining(completed) as string })
      expect(await system.api.invariants()).toMatchObject({ ok: true })
    })
  })

  it.each([{ name: 'money-at-gateway' }, { name: 'shipments-at-carrier' }])(
    '$name: an order that its provider knows nothing of is found',
    async ({ name }) => {
      const ghost = '01a00000-0000-7000-8000-000000000001'
      await tamper(
        `INSERT INTO sagas (id, definition, status, deadline_at) VALUES ('${ghost}', 'order@1', 'completed', now())`,
        `INSERT INTO orders (id, customer_id, currency, total_minor, payment_method, shipping_service)
         VALUES ('${ghost}', 'c', 'EUR', 1, 'pm_ok', 'standard')`,
      )
      const found = await check(name)
      await tamper(`DELETE FROM orders WHERE id = '${ghost}'`, `DELETE FROM sagas WHERE id = '${ghost}'`)
      expect(found).toMatchObject({ ok: false, detail: expect.stringContaining(ghost) as string })
    },
  )

  it('versions: hold when the rows of events published long ago are gone, but not when there is a gap in the rest', async () => {
    const stream = `order-${completed}`
    await tamper(
      `UPDATE events SET recorded_at = recorded_at - interval '61 minutes' WHERE stream_id = '${stream}'`,
      `DELETE FROM outbox WHERE version <= 2 AND stream_id = '${stream}'`,
    )
    const pruned = await check('versions')
    await tamper(`DELETE FROM outbox WHERE version = 4 AND stream_id = '${stream}'`)
    const gap = await check('versions')
    await tamper(`DELETE FROM outbox WHERE stream_id = '${stream}'`)
    expect([pruned, gap, await check('versions')]).toMatchObject([{ ok: true }, { ok: false }, { ok: true }])
  })

  it('that need a provider’s ledger are not passed over when it cannot be read', async () => {
    system.world.kill()
    const found = await check('money-at-gateway')
    await system.world.revive()
    expect(found).toEqual({
      name: 'money-at-gateway',
      ok: false,
      detail: 'the provider’s ledger could not be read',
    })
  })
})
