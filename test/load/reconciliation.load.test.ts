import { randomUUID } from 'node:crypto'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createProviderHttp } from '../../domain/provider/http.ts'
import { CLASSES } from '../../domain/reconciliation/classify.ts'
import { createDifferences } from '../../domain/reconciliation/differences.ts'
import { createReconciler } from '../../domain/reconciliation/reconciler.ts'
import { createRuns } from '../../domain/reconciliation/runs.ts'
import { RECONCILED } from '../../domain/reconciliation/steps.ts'
import { stepKey } from '../../domain/saga/ids.ts'
import { perProvider } from '../../providers.ts'
import type { TestDatabase } from '../harness/database.ts'
import { until } from '../harness/poll.ts'
import { compiled, createTestDatabase } from '../harness/start.ts'
import { startWatchedProcess, type WatchedProcess } from '../harness/watched-process.ts'
import { freePort } from '../../stack/ports.ts'

const ROWS = 100_000
const WINDOW_MINUTES = 180
const MEMORY_MAX_MB = 200

/** One difference of each class, at these places among the rows. */
const AT = { missing_there: 20_000, amount: 30_000, currency: 40_000, state: 50_000 }

let test: TestDatabase
let sandbox: WatchedProcess
let sandboxUrl: string
let folder: string
const keys: Record<string, string> = {}

beforeAll(async () => {
  test = await createTestDatabase()
  const late = randomUUID()
  keys['late'] = stepKey('order', late, 'chargePayment')
  keys['missing_here'] = 'a stranger'
  await fillOurs(late)
  folder = await mkdtemp(path.join(tmpdir(), 'ordersaga-reconciliation-'))
  await fillTheirs(path.join(folder, 'sandbox-ledger.jsonl'))
  // A process of its own: what it takes is not ours.
  const port = await freePort()
  sandboxUrl = `http://127.0.0.1:${port}`
  sandbox = startWatchedProcess({
    name: 'sandbox',
    entry: compiled('sandbox/server.js'),
    env: { DATA_DIR: folder, SANDBOX_PORT: String(port) },
  })
  await until('the sandbox to answer', () => fetch(`${sandboxUrl}/livez`).catch(() => undefined))
}, 600_000)
afterAll(async () => {
  await sandbox.stop()
  await test.close()
  await rm(folder, { recursive: true })
})

/** Completed orders with their charges, over an hour and forty minutes, and one that was rejected. */
async function fillOurs(late: string): Promise<void> {
  const client = new pg.Client({ connectionString: test.adminUrl })
  await client.connect()
  await client.query(
    `INSERT INTO sagas (id, definition, status, deadline_at, updated_at)
     SELECT gen_random_uuid(), 'order@1', 'completed', now(), now() - interval '2 hours' + n * interval '60 milliseconds'
       FROM generate_series(1, ${ROWS}) AS n`,
  )
  await client.query(
    `INSERT INTO sagas (id, definition, status, reason_code, reason_step, deadline_at, updated_at)
     VALUES ($1, 'order@1', 'rejected', 'STEP_FAILED', 'createShipment', now(), now() - interval '2 hours')`,
    [late],
  )
  await client.query(
    `INSERT INTO step_fences (saga_id, step, state, answer)
     SELECT id, 'chargePayment', CASE status WHEN 'completed' THEN 'done' ELSE 'undone' END, '{}' FROM sagas`,
  )
  await client.query(
    `INSERT INTO charges (key, order_id, provider_ref, amount_minor, currency, state, created_at, updated_at)
     SELECT 'order:' || id || ':chargePayment', id, 'ch', 1000, 'EUR', 'live', updated_at, updated_at
       FROM sagas WHERE status = 'completed'`,
  )
  await client.query('ANALYZE')
  await client.end()
}

/** What the gateway remembers: the same but for the planted differences, each a little before our record of it. */
async function fillTheirs(ledger: string): Promise<void> {
  const client = new pg.Client({ connectionString: test.adminUrl })
  await client.connect()
  await client.query('BEGIN')
  await client.query('DECLARE ours CURSOR FOR SELECT key, updated_at FROM charges ORDER BY updated_at, key')
  for (let n = 0; n < ROWS; n += 1000) {
    const { rows } = await client.query<{ key: string; updated_at: Date }>('FETCH 1000 FROM ours')
    const lines = rows.flatMap(({ key, updated_at }, index) => theirLines(n + index, key, +updated_at - 5))
    await appendFile(ledger, lines.map((each) => `${JSON.stringify(each)}\n`).join(''))
  }
  await client.end()
}

function theirLines(n: number, key: string, at: number): object[] {
  const line = (key: string, { amountMinor = 1000, currency = 'EUR' } = {}) => ({
    collection: 'charges',
    key,
    did: 'create',
    effect: { id: `ch_${key}`, amountMinor, currency, token: 'pm_ok' },
    request: '',
    at,
  })
  if (n === 0) return [line(keys['missing_here'] ?? ''), line(keys['late'] ?? ''), line(key)]
  const planted = Object.entries(AT).find(([, place]) => place === n)?.[0]
  if (planted !== undefined) keys[planted] = key
  switch (planted) {
    case 'missing_there':
      return []
    case 'amount':
      return [line(key, { amountMinor: 999 })]
    case 'currency':
      return [line(key, { currency: 'USD' })]
    case 'state':
      return [line(key), { collection: 'charges', key, did: 'undo', undoKey: 'by hand', at }]
    default:
      return [line(key)]
  }
}

/** Does `work`, and counts the statements of this process by what they begin with, and the memory that it takes. */
async function measured(work: () => Promise<void>) {
  const texts: string[] = []
  const query = Reflect.get(pg.Client.prototype, 'query') as (...given: unknown[]) => unknown
  pg.Client.prototype.query = function counting(this: pg.Client, ...given: [never]) {
    const [config] = given as unknown as [string | pg.QueryConfig]
    texts.push(typeof config === 'string' ? config : config.text)
    return Reflect.apply(query, this, given) as never
  }
  const before = process.memoryUsage.rss()
  let peak = before
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 20)
  const startedAt = performance.now()
  try {
    await work()
  } finally {
    clearInterval(sampling)
    Reflect.set(pg.Client.prototype, 'query', query)
  }
  return {
    seconds: (performance.now() - startedAt) / 1000,
    grownMb: (Math.max(peak, process.memoryUsage.rss()) - before) / 1024 ** 2,
    statements: (pattern: RegExp) => texts.filter((text) => pattern.test(text)).length,
  }
}

it(`a difference of every class among ${ROWS} charges is found by two runs, in ${MEMORY_MAX_MB} MB`, async () => {
  const runs = createRuns({ db: test.db, steps: RECONCILED })
  const reconciler = createReconciler({
    db: test.db,
    http: perProvider((name) => createProviderHttp({ name, baseUrl: sandboxUrl })),
    schedule: { at: 'off', windowMinutes: WINDOW_MINUTES },
    afterSeconds: 60,
    callsPerSecond: 1000,
  })
  const work = async () => {
    for (const _again of [1, 2]) {
      await runs.request('tester', WINDOW_MINUTES)
      await reconciler.advance()
    }
  }
  const { seconds, grownMb, statements } = await measured(work)
  process.stderr.write(
    `two runs over ${ROWS} charges: ${seconds.toFixed(1)} s, ${grownMb.toFixed(0)} MB more at their peak\n`,
  )
  expect(grownMb).toBeLessThan(MEMORY_MAX_MB)

  const found = await createDifferences(test).list('open', { limit: 100 })
  expect(
    found.map((each) => [each.class, each.key]).toSorted(([a = ''], [b = '']) => a.localeCompare(b)),
  ).toEqual(CLASSES.toSorted((a, b) => a.localeCompare(b)).map((each) => [each, keys[each]]))

  const listed = ROWS - 1 + 2
  const pages = Math.ceil(listed / 100)
  for (const run of await runs.newest(2)) {
    expect(run.state).toBe('ended')
    const part = run.parts.find(({ step }) => step === 'chargePayment')
    // Each page once, and one look at the key that is not listed.
    expect(part).toMatchObject({ theirs: listed, ours: ROWS, found: CLASSES.length, calls: pages + 1 })
  }
  // Of each run: a look at our record for each page of theirs and for the key that is not listed; ours in pages of 500; a note
  // for each page that has a difference, the first of which has two.
  expect(statements(/^\s*SELECT asked\.key[^]*FROM charges/)).toBe(2 * (pages + 1))
  expect(statements(/^\s*SELECT coalesce\(json_agg[^]*FROM charges/)).toBe(2 * (ROWS / 500 + 1))
  expect(statements(/^\s*INSERT INTO reconciliation_differences/)).toBe(2 * (CLASSES.length - 1))
}, 600_000)
