import { randomUUID } from 'node:crypto'
import autocannon from 'autocannon'
import Table from 'cli-table3'
import { startThrowawayStack } from '../stack/throwaway.ts'
import { createApiClient, orderBody, type Order } from '../test/harness/api-client.ts'
import { until } from '../test/harness/poll.ts'
import { percentiles, round } from './instruments/figures.ts'

/**
 * Three times as many requests as the API takes in at once. What is refused must be refused fast, and every order that
 * was accepted must end.
 */
const INTAKE_MAX = 40
const CONNECTIONS = 3 * INTAKE_MAX
const SECONDS = 8

const stack = await startThrowawayStack(() => () => undefined, {
  INTAKE_MAX,
  RATE_LIMIT_PER_SECOND: 1_000_000,
})
try {
  const api = createApiClient(stack.apiUrl, stack.sandboxUrl)
  await api.run()
  const times = new Map<number, number[]>()
  const run = autocannon({
    url: `${stack.apiUrl}/orders`,
    connections: CONNECTIONS,
    duration: SECONDS,
    setupClient(client) {
      client.setRequests([
        {
          method: 'POST',
          setupRequest: (request) => ({
            ...request,
            headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
            body: JSON.stringify(orderBody({ customerId: 'cus_overload' })),
          }),
        },
      ])
      client.on('response', (status, _bytes, ms) => times.set(status, [...(times.get(status) ?? []), ms]))
    },
  })
  await run
  const table = new Table({
    head: ['answer', 'requests', 'p50 ms', 'p95 ms', 'max ms'],
    style: { head: [], border: [] },
  })
  for (const [status, ms] of times) {
    const { p50, p95, max } = percentiles(ms)
    table.push([status, ms.length, round(p50), round(p95), round(max)])
  }
  process.stdout.write(
    `${CONNECTIONS} connections for ${SECONDS} s, ${INTAKE_MAX} taken in at once:\n${table.toString()}\n`,
  )
  const count = async (status: string) => countOrders(api.get, status)
  await until(
    'every order to end',
    async () => ((await count('pending')) + (await count('processing')) === 0 ? true : undefined),
    300_000,
  )
  const ended = { completed: await count('completed'), rejected: await count('rejected') }
  process.stdout.write(
    `accepted ${times.get(202)?.length ?? 0}, and of all orders: ${JSON.stringify(ended)}\n`,
  )
} finally {
  await stack.stop()
}
process.exit()

async function countOrders(get: <T>(path: string) => Promise<T>, status: string): Promise<number> {
  let [count, cursor] = [0, '']
  for (;;) {
    const page = await get<{ data: Order[]; nextCursor: string | null }>(
      `/orders?customerId=cus_overload&status=${status}&limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`,
    )
    count += page.data.length
    if (page.nextCursor === null) return count
    cursor = page.nextCursor
  }
}
