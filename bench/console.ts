import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import Table from 'cli-table3'
import type { Page } from 'playwright-core'
import { openPool } from '../postgres.ts'
import { startThrowawayStack } from '../stack/throwaway.ts'
import { launchChromium, openTab } from '../test/browser/chromium.ts'
import { createApiClient } from '../test/harness/api-client.ts'
import { writeOrders, type ManyOrders } from '../test/harness/many-orders.ts'
import { until } from '../test/harness/poll.ts'
import { percentiles } from './instruments/figures.ts'

/**
 * Does the console stay quick however many orders there are? The list of orders is read at 100,000 and at 1,000,000, with
 * each filter and from its first page to a deep one, and so is the overview. In Chromium the list is paged through, and
 * left open while orders are placed.
 */
const FEW = 100_000
const MANY = 1_000_000
const READS = 30
const DEEP_PAGES = 500
const CLICKS = 20
const LIVE_ORDERS = 120

const stack = await startThrowawayStack(() => () => undefined, { RATE_LIMIT_PER_SECOND: 1_000_000 })
const pool = openPool(stack.migratorUrl, { max: 1, name: 'bench', statementTimeoutMs: 600_000 })
const api = createApiClient(stack.apiUrl, stack.sandboxUrl)
const browser = await launchChromium()

const DAY_MS = 86_400_000
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString()

const READINGS: Record<string, (deep: string) => string> = {
  'first page': () => '',
  [`page ${DEEP_PAGES}`]: (deep) => `cursor=${encodeURIComponent(deep)}`,
  'status=completed': () => 'status=completed',
  'status=parked': () => 'status=parked',
  'status=pending, which none has': () => 'status=pending',
  customerId: () => 'customerId=cus_17',
  reasonCode: () => 'reasonCode=PAYMENT_DECLINED',
  step: () => 'step=chargePayment',
  'a day, two weeks ago': () => `createdFrom=${daysAgo(15)}&createdTo=${daysAgo(14)}`,
  minTotalMinor: () => 'minTotalMinor=50000',
  'a range of totals, of many orders': () => 'minTotalMinor=1000&maxTotalMinor=40000',
  'customerId and status': () => 'customerId=cus_17&status=rejected',
  'status, reason, step and day': () =>
    `status=rejected&reasonCode=OUT_OF_STOCK&step=reserveInventory&createdFrom=${daysAgo(3)}`,
}

/** What is counted in the page itself: how far things moved that were not asked to, and what was changed in the table. */
const COUNT = `
  window.counted = { shift: 0, changed: 0, added: 0 }
  new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) window.counted.shift += value
  }).observe({ type: 'layout-shift', buffered: true })
  const isInTable = ({ target }) => (target instanceof Element ? target : target.parentElement)?.closest('tbody')
  new MutationObserver((records) => {
    for (const { type, addedNodes } of records.filter(isInTable)) {
      if (type === 'characterData') window.counted.changed += 1
      else window.counted.added += [...addedNodes].filter((node) => node.nodeName === 'TR').length
    }
  }).observe(document, { subtree: true, childList: true, characterData: true })
`

interface Figures {
  p50: number
  p99: number
  /** How many items the page has. */
  rows: number
}

try {
  await api.run()
  // Those of the last thirty days; then as many more a day, of nine times as long before, which all have ended.
  const few = await measureWith({ first: 1, count: FEW, from: 30, to: 0, hasOpen: true })
  const many = await measureWith({ first: FEW + 1, count: MANY - FEW, from: 300, to: 30, hasOpen: false })
  const table = new Table({
    head: ['', 'p50 ms', 'p99 ms', 'rows', `p50 ms`, 'p99 ms', 'rows', 'p50 ratio'],
    style: { head: [], border: [] },
  })
  for (const [name, { p50, p99, rows }] of few) {
    const at = many.get(name) ?? { p50: Number.NaN, p99: Number.NaN, rows: 0 }
    table.push([
      name,
      p50.toFixed(1),
      p99.toFixed(1),
      rows,
      at.p50.toFixed(1),
      at.p99.toFixed(1),
      at.rows,
      `${(at.p50 / p50).toFixed(1)}x`,
    ])
  }
  process.stdout.write(`${FEW} orders, and ${MANY}:\n${table.toString()}\n`)
  process.stdout.write(`${await inChromium()}\n`)
} finally {
  await browser.close()
  await pool.end()
  await stack.stop()
}
process.exit()

async function measureWith(orders: ManyOrders): Promise<Map<string, Figures>> {
  await writeOrders(pool, orders)
  const figures = new Map<string, Figures>()
  const deep = await pageThrough()
  for (const [name, queryOf] of Object.entries(READINGS))
    figures.set(name, await measure(`/orders?limit=50&${queryOf(deep)}`))
  figures.set('the overview', await measure('/operations/overview'))
  figures.set('the failures', await measure('/operations/failures'))
  return figures
}

/** @returns the cursor of a deep page. */
async function pageThrough(): Promise<string> {
  let cursor = ''
  for (let n = 1; n < DEEP_PAGES; n += 1) {
    const query = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const { nextCursor } = await api.get<{ nextCursor: string | null }>(`/orders?limit=50${query}`)
    if (nextCursor === null) throw new Error(`There is no page ${n + 1}`)
    cursor = nextCursor
  }
  return cursor
}

async function measure(path: string): Promise<Figures> {
  const times: number[] = []
  let rows = 0
  for (let n = 0; n < READS; n += 1) {
    const beganAt = performance.now()
    const { data } = await api.get<{ data?: unknown[] }>(path)
    times.push(performance.now() - beganAt)
    rows = data?.length ?? 0
  }
  const { p50, p99 } = percentiles(times)
  return { p50, p99, rows }
}

interface Work {
  scriptMs: number
  layoutMs: number
  shift: number
  rowsAdded: number
  textsChanged: number
  requests: number
}

async function inChromium(): Promise<string> {
  const { page, close } = await openTab(browser, stack.apiUrl, { width: 1440 })
  let requests = 0
  page.on('request', (request) => (requests += request.url().includes('/orders') ? 1 : 0))
  await page.addInitScript(COUNT)
  await page.goto('/console/orders')
  await page.locator('.orders-table tbody tr').nth(49).waitFor()
  await sleep(2000)
  const session = await page.context().newCDPSession(page)
  // The time that the page's thread had the processor, so that what else the machine does is not counted.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const read = async (): Promise<Work> => {
    const { metrics } = await session.send('Performance.getMetrics')
    const seconds = (name: string) => metrics.find((each) => each.name === name)?.value ?? Number.NaN
    const counted = await page.evaluate<{ shift: number; added: number; changed: number }>('window.counted')
    return {
      scriptMs: seconds('ScriptDuration') * 1000,
      layoutMs: (seconds('LayoutDuration') + seconds('RecalcStyleDuration')) * 1000,
      shift: counted.shift,
      rowsAdded: counted.added,
      textsChanged: counted.changed,
      requests,
    }
  }
  const table = new Table({
    head: [
      'in Chromium',
      'seconds',
      'script ms',
      'layout ms',
      'layout shift',
      'rows added',
      'texts changed',
      'requests',
    ],
    style: { head: [], border: [] },
  })
  const during = async (name: string, act: () => Promise<void>) => {
    const [before, beganAt] = [await read(), performance.now()]
    await act()
    const [after, seconds] = [await read(), (performance.now() - beganAt) / 1000]
    table.push([
      name,
      seconds.toFixed(1),
      (after.scriptMs - before.scriptMs).toFixed(0),
      (after.layoutMs - before.layoutMs).toFixed(0),
      (after.shift - before.shift).toFixed(4),
      after.rowsAdded - before.rowsAdded,
      after.textsChanged - before.textsChanged,
      after.requests - before.requests,
    ])
  }
  await during('ten quiet seconds', () => sleep(10_000))
  await during(`${LIVE_ORDERS} orders are placed`, () => placeSlowly(LIVE_ORDERS))
  await during(`${CLICKS} pages older`, () => pageOlder(page, CLICKS))
  await close()
  return table.toString()
}

/** So many orders in about ten seconds. */
async function placeSlowly(count: number): Promise<void> {
  for (let n = 0; n < count; n += 4) {
    await Promise.all(Array.from({ length: 4 }, () => api.place()))
    await sleep(300)
  }
}

/** Each page is there when another order than before is at its head. */
async function pageOlder(page: Page, clicks: number): Promise<void> {
  const head = page.locator('.orders-table[data-stale="false"] tbody tr').first().locator('th a')
  for (let n = 0; n < clicks; n += 1) {
    const before = await head.textContent()
    await page.getByRole('link', { name: 'Older' }).first().click()
    await until('the next page', async () => ((await head.textContent()) === before ? undefined : true))
  }
}
