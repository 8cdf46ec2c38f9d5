import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { watchInvariants } from '../../api/invariant-watch.ts'
import type { Check } from '../../domain/operations/invariants.ts'
import type { TestDatabase } from '../harness/database.ts'
import { until } from '../harness/poll.ts'
import { createTestDatabase } from '../harness/start.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A process that checks each second, what its metrics show, and how often it has checked. */
function startProcess(check: () => Promise<Check[]>, { now }: { now?: () => number } = {}) {
  const metrics = new Registry()
  const process_ = { runs: 0, troubles: 0 }
  const stop = watchInvariants({
    url: database.url,
    async check() {
      process_.runs += 1
      const checks = await check()
      return { ok: checks.every(({ ok }) => ok), checks }
    },
    metrics,
    intervalMs: 100,
    onTrouble: () => void (process_.troubles += 1),
    ...(now === undefined ? {} : { now }),
  })
  closers.push(stop)
  const shows = async (series: string) => {
    const line = (await metrics.metrics()).split('\n').find((each) => each.startsWith(`${series} `))
    return line === undefined ? undefined : Number(line.split(' ').at(-1)?.replace('Nan', 'NaN'))
  }
  const reached = (series: string, wanted: number) =>
    until(`${series} to be ${wanted}`, async () =>
      Object.is(await shows(series), wanted) ? true : undefined,
    )
  return { process: process_, shows, reached, stop }
}

const holds = (name: string): Check => ({ name, ok: true, detail: 'holds' })
const fails = (name: string): Check => ({ name, ok: false, detail: '1 violations: x' })

it('each check is shown as broken or not, as the last run found it; what could not be read is unknown', async () => {
  let money = holds('money')
  const { reached, shows } = startProcess(async () => [money, { ...fails('ledger'), isUnread: true }])
  await reached('ordersaga_invariant_broken{check="money"}', 0)
  await reached('ordersaga_invariant_broken{check="ledger"}', Number.NaN)
  money = fails('money')
  await reached('ordersaga_invariant_broken{check="money"}', 1)
  money = holds('money')
  await reached('ordersaga_invariant_broken{check="money"}', 0)
  expect(await shows('ordersaga_invariants_run_seconds')).toBeGreaterThanOrEqual(0)
})

it('a run that fails leaves the result of the one before it, which grows older', async () => {
  let ms = 0
  let isAway = false
  const { process, reached, shows } = startProcess(
    async () => {
      if (isAway) throw new Error('the database is away')
      return [fails('money')]
    },
    { now: () => (ms += 200) },
  )
  await reached('ordersaga_invariant_broken{check="money"}', 1)
  isAway = true
  await until('a run to fail', () => (process.troubles > 0 ? true : undefined))
  expect(await shows('ordersaga_invariant_broken{check="money"}')).toBe(1)
  ms += 3_600_000
  expect(await shows('ordersaga_invariants_age_seconds')).toBeGreaterThanOrEqual(3600)
  isAway = false
  await until('a run to be young', async () =>
    ((await shows('ordersaga_invariants_age_seconds')) ?? 0) < 3600 ? true : undefined,
  )
})

it('of several processes one checks, and shows the result; another takes over when it ends', async () => {
  const first = startProcess(async () => [holds('money')])
  await first.reached('ordersaga_invariant_broken{check="money"}', 0)
  const second = startProcess(async () => [holds('money')])
  const { runs } = first.process
  await until('three more runs', () => (first.process.runs > runs + 2 ? true : undefined))
  expect(second.process.runs).toBe(0)
  expect(await second.shows('ordersaga_invariants_age_seconds')).toBeNaN()
  await first.stop()
  await second.reached('ordersaga_invariant_broken{check="money"}', 0)
  expect(await first.shows('ordersaga_invariant_broken{check="money"}')).toBeUndefined()
  expect(await first.shows('ordersaga_invariants_age_seconds')).toBeNaN()
})

it('a long run is followed by a longer pause: all runs take a twentieth of the time', async () => {
  let ms = 0
  const began: number[] = []
  startProcess(
    async () => {
      began.push(ms)
      ms += 10_000
      return [holds('money')]
    },
    { now: () => (ms += 20_000) },
  )
  await until('two runs', () => (began.length > 1 ? true : undefined))
  const pauses = began.slice(1).map((at, index) => at - (began[index] ?? 0) - 10_000)
  for (const pause of pauses) expect(pause).toBeGreaterThanOrEqual(190_000)
})
