import type pg from 'pg'
import type { Stack } from '../../stack/stack.ts'
import { createApiClient, type ApiClient } from '../harness/api-client.ts'
import { openTestPool } from '../harness/database.ts'
import { until } from '../harness/poll.ts'

/** The ids of what is in the system, by the names of the dictionaries that they go to. */
export type Ids = Record<
  'orders' | 'returns' | 'accounts' | 'transfers' | 'dead-letters' | 'retries' | 'differences',
  string[]
>

/** Fills the system with something of everything that can be asked for, in every state that lasts. */
export async function fill({ apiUrl, sandboxUrl, migratorUrl }: Stack, key?: string): Promise<Ids> {
  const api = createApiClient(apiUrl, sandboxUrl, key)
  const pool = openTestPool(migratorUrl, 1)
  try {
    const letter = await poison(api, pool)
    const [orders, parked, transfers, returns] = await Promise.all([
      placeOrders(api),
      park(api),
      transfer(api),
      sendBack(api, sandboxUrl),
    ])
    const batch = await api.post('/operations/parked/retry', { filter: {}, reason: 'the contract' })
    const { id: retry } = (await batch.json()) as { id: string }
    return {
      orders: [...orders, parked],
      accounts: ['acc_open', 'acc_other', 'acc_frozen', 'acc_closed'],
      transfers,
      returns,
      'dead-letters': [letter],
      retries: [retry],
      differences: await differ(pool),
    }
  } finally {
    await pool.end()
  }
}

/** One that completes, two that are rejected, one that is cancelled, and one that does not end. */
async function placeOrders(api: ApiClient): Promise<string[]> {
  const waiting = await api.place({ paymentMethod: 'pm_pending', deadlineSeconds: 86_400 })
  const cancelled = await api.place({ paymentMethod: 'pm_pending' })
  await api.cancel(cancelled.id)
  const ended = await Promise.all([
    api.run(),
    api.run({ paymentMethod: 'pm_declined' }),
    api.run({ service: 'refused' }),
    api.ended(cancelled.id),
  ])
  return [waiting, ...ended].map(({ id }) => id)
}

/** An order whose refund never works. */
async function park(api: ApiClient): Promise<string> {
  const { id } = await api.place({ paymentMethod: 'pm_refund_fails', service: 'refused' })
  await api.reached(id, 'parked')
  return id
}

/** One that waits for a decision, one that is refused, one that is refunded. */
async function sendBack(api: ApiClient, sandboxUrl: string): Promise<string[]> {
  const { id } = await api.run({ lines: [{ sku: 'TEA-001', quantity: 9 }] })
  const ask = (quantity: number) =>
    api.askToReturn(id, { reason: 'It leaks.', lines: [{ sku: 'TEA-001', quantity }] })
  const [waiting, refused, refunded] = [await ask(3), await ask(3), await ask(1)]
  await api.post(`/operations/returns/${refused.id}/refuse`, { reason: 'the contract' })
  await fetch(`${sandboxUrl}/parcels/${refunded.id}/received`, { method: 'PUT' })
  await api.returned(refunded.id, 'refunded')
  return [waiting, refused, refunded].map((each) => each.id)
}

/** One that completes, one that is rejected, and accounts in each state. */
async function transfer(api: ApiClient): Promise<string[]> {
  await api.openAccount('acc_open', 100_000)
  for (const id of ['acc_other', 'acc_frozen', 'acc_closed']) await api.openAccount(id, 0)
  const transfers = [
    await api.runTransfer('acc_open', 'acc_other', 100),
    await api.runTransfer('acc_other', 'acc_open', 100_000),
  ]
  await api.changeAccount('acc_frozen', 'freeze')
  await api.changeAccount('acc_closed', 'close')
  return transfers.map(({ id }) => id)
}

/** A dead letter: the table of a read model refuses one customer's order until it is parked. */
export async function poison(api: ApiClient, pool: pg.Pool): Promise<string> {
  await pool.query(`ALTER TABLE sales_orders ADD CONSTRAINT poison CHECK (currency <> 'EUR') NOT VALID`)
  await api.run()
  const letter = await until('a dead letter to be parked', async () => {
    const { data } = await api.get<{ data: { id: string }[] }>('/operations/dead-letters?state=parked')
    return data[0]
  })
  await pool.query('ALTER TABLE sales_orders DROP CONSTRAINT poison')
  return letter.id
}

/** Differences in the states that are listed, as if two runs had seen them. */
async function differ(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(`
    INSERT INTO reconciliation_differences (step, provider, key, class, theirs, state, settled_at, last_run)
    SELECT 'chargePayment', 'payment', 'stranger-' || n, 'missing_here',
           '{"amountMinor": 1000, "currency": "EUR", "state": "charged"}', (ARRAY['open', 'settled', 'gone'])[1 + n % 3],
           CASE WHEN n % 3 = 1 THEN clock_timestamp() END, gen_random_uuid()
      FROM generate_series(1, 30) AS n RETURNING id`)
  return rows.map(({ id }) => id)
}

/** Makes an event now and then, on an account that is no other's business, until it is stopped. */
export function keepMoving({ apiUrl, sandboxUrl }: Stack, key?: string): { stop(): Promise<void> } {
  const api = createApiClient(apiUrl, sandboxUrl, key)
  let isOver = false
  const moving = (async () => {
    let { version } = await api.openAccount('acc_moving', 0)
    await until(
      'the end of the run',
      async () => {
        const money = { amountMinor: 1, currency: 'EUR', expectedVersion: version }
        const answer = await api.post('/accounts/acc_moving/deposit', money)
        if (answer.ok) ({ version } = (await answer.json()) as { version: number })
        return isOver ? true : undefined
      },
      Number.POSITIVE_INFINITY,
    )
  })()
  return {
    async stop() {
      isOver = true
      await moving
    },
  }
}
