import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import Table from 'cli-table3'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { makeApiKey } from '../api-key.ts'
import { compileProcesses } from '../stack/compile.ts'
import { freePort } from '../stack/ports.ts'
import { supervise, type Supervised } from '../stack/supervisor.ts'
import { orderBody } from '../test/harness/api-client.ts'
import { createDatabase } from '../test/harness/database.ts'
import { until } from '../test/harness/poll.ts'
import { startServers } from '../test/harness/servers.ts'
import { percentiles } from './instruments/figures.ts'

/**
 * What does it cost the intake to know who asks? Orders are placed in open mode, with a key and with a token, side by
 * side in one run, at two APIs on one database. Temporal is away: nothing but the intake works.
 */
const ROUNDS = 5
const ORDERS = 300
const IN_FLIGHT = 8

const ISSUER = { AUTH_ISSUER: 'https://issuer.example', AUTH_AUDIENCE: 'ordersaga' }

interface Contestant {
  name: string
  url: string
  headers: object
  /** Of each round. */
  perSecond: number[]
  /** Of each request. */
  ms: number[]
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'ordersaga-bench-'))
const { servers, stop } = await startServers([])
const running: Supervised[] = []
try {
  const database = await createDatabase(servers)
  const compiled = await compileProcesses()
  const pair = await generateKeyPair('RS256')
  const jwks = path.join(folder, 'jwks.json')
  writeFileSync(jwks, JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'bench' }] }))
  const { key } = makeApiKey()
  const token = await new SignJWT({ roles: ['operator'] })
    .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
    .setIssuer(ISSUER.AUTH_ISSUER)
    .setAudience(ISSUER.AUTH_AUDIENCE)
    .setSubject('bench')
    .setExpirationTime('1h')
    .sign(pair.privateKey)

  const startApi = async (settings: Record<string, string>): Promise<string> => {
    const port = await freePort()
    const env = {
      HOST: '127.0.0.1',
      DATABASE_URL: database.url,
      PORT: String(port),
      METRICS_PORT: '0',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      RATE_LIMIT_PER_SECOND: '1000000',
      LOG_LEVEL: 'fatal',
      ...settings,
    }
    running.push(
      supervise({
        name: 'api',
        entry: path.join(compiled, 'api/server.js'),
        env,
        onLine: (line) => process.stderr.write(`${line}\n`),
      }),
    )
    const url = `http://127.0.0.1:${port}`
    await until('the API to be ready', () =>
      fetch(`${url}/readyz`).then(
        ({ ok }) => ok || undefined,
        () => undefined,
      ),
    )
    return url
  }
  const open = await startApi({})
  const closed = await startApi({ ...ISSUER, BOOTSTRAP_ADMIN_KEY: key, AUTH_JWKS_FILE: jwks })
  const contestants: Contestant[] = [
    { name: 'open mode', url: open, headers: {}, perSecond: [], ms: [] },
    { name: 'key', url: closed, headers: { authorization: `Bearer ${key}` }, perSecond: [], ms: [] },
    {
      name: 'token (RS256)',
      url: closed,
      headers: { authorization: `Bearer ${token}` },
      perSecond: [],
      ms: [],
    },
  ]

  const place = async ({ url, headers, ms }: Contestant) => {
    const startedAt = performance.now()
    const response = await fetch(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID(), ...headers },
      body: JSON.stringify(orderBody({ customerId: 'cus_bench' })),
    })
    if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`)
    await response.text()
    ms.push(performance.now() - startedAt)
  }
  const round = async (contestant: Contestant, orders: number) => {
    let left = orders
    const startedAt = performance.now()
    await Promise.all(
      Array.from({ length: IN_FLIGHT }, async () => {
        while (left-- > 0) await place(contestant)
      }),
    )
    return (orders * 1000) / (performance.now() - startedAt)
  }
  for (const contestant of contestants) await round(contestant, ORDERS)
  for (const { ms } of contestants) ms.length = 0
  for (let n = 0; n < ROUNDS; n += 1)
    for (const contestant of contestants.toSorted(() => Math.random() - 0.5))
      contestant.perSecond.push(await round(contestant, ORDERS))

  const table = new Table({
    head: ['who asks', 'orders/s', 'lowest', 'highest', '202 p50 ms', 'p99 ms', 'of open mode'],
    style: { head: [], border: [] },
  })
  const median = (values: readonly number[]) => percentiles(values).p50
  const [first] = contestants
  for (const { name, perSecond, ms } of contestants) {
    const { p50, p99 } = percentiles(ms)
    const ratio = median(perSecond) / median(first?.perSecond ?? [])
    const spread = [Math.min(...perSecond), Math.max(...perSecond)].map(Math.round)
    table.push([
      name,
      Math.round(median(perSecond)),
      ...spread,
      p50.toFixed(1),
      p99.toFixed(1),
      ratio.toFixed(2),
    ])
  }
  process.stdout.write(`${ROUNDS} rounds of ${ORDERS} orders, ${IN_FLIGHT} in flight\n${table.toString()}\n`)
  for (const each of running.splice(0)) await each.stop()
  await database.close()
} finally {
  for (const each of running) await each.stop()
  await stop()
  rmSync(folder, { recursive: true, force: true })
}
process.exit()
