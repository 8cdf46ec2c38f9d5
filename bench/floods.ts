import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import Table from 'cli-table3'
import { startThrowawayStack } from '../stack/throwaway.ts'
import { createApiClient, orderBody } from '../test/harness/api-client.ts'
import { percentiles, round } from './instruments/figures.ts'

/**
 * Do readers starve the intake? Orders are placed alone and beside each flood, in turns within one run, and their times
 * are compared. All of it is sent to this machine, and every count has a limit.
 */
const ROUNDS = 3
const ORDERS = 150
const AT_ONCE = 4
const READERS = 40
const STREAMS = 200
const HALVES = 100

const stack = await startThrowawayStack(() => () => undefined, { RATE_LIMIT_PER_SECOND: 1_000_000 })
const api = createApiClient(stack.apiUrl, stack.sandboxUrl)
const { hostname, port } = new URL(stack.apiUrl)

/** Begins a flood. @returns what ends it. */
type Flood = () => Promise<() => Promise<void>>

const FLOODS: Record<string, Flood> = {
  [`${READERS} readers of the invariants`]: async () => {
    const over = { is: false }
    const reading = Array.from({ length: READERS }, async () => {
      while (!over.is) await (await fetch(`${stack.apiUrl}/operations/invariants`)).text()
    })
    return async () => {
      over.is = true
      await Promise.all(reading)
    }
  },
  [`${STREAMS} streams for operators`]: () => held(STREAMS, 'GET /operations/stream HTTP/1.1\r\n', '\r\n'),
  [`${HALVES} half-sent bodies`]: () =>
    held(
      HALVES,
      'POST /orders HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n',
      '\r\n{',
    ),
}

const times = new Map<string, number[]>()
const answers = new Map<number, number>()
try {
  await api.run()
  await place('warm up')
  for (let n = 0; n < ROUNDS; n += 1)
    for (const [name, flood] of Object.entries(FLOODS)) {
      await place(`without ${name}`)
      const end = await flood()
      await place(name)
      await end()
    }
  report()
} finally {
  await stack.stop()
}
process.exit()

/** Places orders, some at once, and keeps how long each answer took. */
async function place(name: string): Promise<void> {
  const kept = times.get(name) ?? []
  times.set(name, kept)
  for (let placed = 0; placed < ORDERS; placed += AT_ONCE)
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        const beganAt = performance.now()
        const response = await api.post('/orders', orderBody(), { 'idempotency-key': randomUUID() })
        await response.text()
        kept.push(performance.now() - beganAt)
        answers.set(response.status, (answers.get(response.status) ?? 0) + 1)
      }),
    )
  // What was placed is carried out before the next is measured.
  await sleep(3000)
}

async function held(count: number, head: string, rest: string): Promise<() => Promise<void>> {
  const sockets: Socket[] = []
  for (let n = 0; n < count; n += 1) {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined).resume()
    await once(socket, 'connect')
    socket.write(`${head}Host: ${hostname}\r\n${rest}`)
    sockets.push(socket)
  }
  return async () => {
    for (const socket of sockets) socket.destroy()
  }
}

function report(): void {
  const table = new Table({
    head: ['beside', 'p50 ms', 'p99 ms', 'p99 without', 'ratio'],
    style: { head: [], border: [] },
  })
  for (const name of Object.keys(FLOODS)) {
    const [beside, without] = [
      percentiles(times.get(name) ?? []),
      percentiles(times.get(`without ${name}`) ?? []),
    ]
    table.push([
      name,
      round(beside.p50),
      round(beside.p99),
      round(without.p99),
      `${(beside.p99 / without.p99).toFixed(2)}x`,
    ])
  }
  process.stdout.write(`${table.toString()}\nanswers: ${JSON.stringify(Object.fromEntries(answers))}\n`)
}
