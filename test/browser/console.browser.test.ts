import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Stack } from '../../stack/stack.ts'
import { startThrowawayStack } from '../../stack/throwaway.ts'
import { fill, poison, type Ids } from '../contract/contents.ts'
import { createApiClient, type ApiClient } from '../harness/api-client.ts'
import { openTestPool } from '../harness/database.ts'
import { until } from '../harness/poll.ts'
import { expectHidden, expectShown, launchChromium, openTab, type Tab } from './chromium.ts'

let stack: Stack
let browser: Browser
let api: ApiClient
let ids: Ids

beforeAll(async () => {
  browser = await launchChromium()
  stack = await startThrowawayStack(() => () => undefined, { SAGA_PACE: 0.1 })
  api = createApiClient(stack.apiUrl, stack.sandboxUrl)
  ids = await fill(stack)
})

afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})

/** Does something in a tab of its own, on which nothing may go wrong. */
async function inTab(
  path: string,
  act: (page: Page, tab: Tab) => Promise<void>,
  options: Parameters<typeof openTab>[2] = {},
): Promise<void> {
  const tab = await openTab(browser, stack.apiUrl, options)
  try {
    await tab.page.goto(`/console${path}`)
    await act(tab.page, tab)
    expect(tab.errors).toEqual([])
  } finally {
    await tab.close()
  }
}

const status = (page: Page, word: string) =>
  page.getByRole('region', { name: 'Summary' }).getByText(word, { exact: true })

const PATHS: readonly [string, (of: Ids) => string][] = [
  ['the overview', () => '/'],
  ['the tour', () => '/tour'],
  ['the orders', () => '/orders'],
  ['a new order', () => '/orders/new'],
  ['an order', ({ orders }) => `/orders/${orders.at(1)}`],
  ['a parked order', ({ orders }) => `/orders/${orders.at(-1)}`],
  ['the returns', () => '/returns?status=all'],
  ['a return', ({ returns }) => `/returns/${returns[0]}`],
  ['a refunded return', ({ returns }) => `/returns/${returns.at(-1)}`],
  ['the failures', () => '/failures'],
  ['a retry', ({ retries }) => `/failures/retries/${retries[0]}`],
  ['the dead letters', () => '/dead-letters'],
  ['a dead letter', (of) => `/dead-letters/${of['dead-letters'][0]}`],
  ['the read models', () => '/read-models'],
  ['the accounts', () => '/accounts'],
  ['an account', () => '/accounts/acc_open'],
  ['the transfers', () => '/transfers'],
  ['a transfer', ({ transfers }) => `/transfers/${transfers[0]}`],
  ['the invariants', () => '/invariants'],
  ['the differences', () => '/reconciliation'],
  ['the settled differences', () => '/reconciliation?state=settled'],
  ['the maintenance', () => '/maintenance'],
  ['the audit', () => '/audit'],
  ['the keys', () => '/keys'],
  ['a page that is none', () => '/nothing-here'],
]

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  it.each(PATHS)('%s is accessible, and fits a telephone', async (_name, pathOf) => {
    await inTab(
      pathOf(ids),
      async (page, { refusals }) => {
        await expectShown(page.getByRole('main'))
        await until('nothing to be read any more', async () =>
          (await page.locator('[aria-busy="true"]').count()) === 0 ? true : undefined,
        )
        expect(refusals).toEqual([])
        const { violations } = await new AxeBuilder({ page }).analyze()
        expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
        await page.setViewportSize({ width: 375, height: 800 })
        const overflow = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        )
        expect(overflow).toBeLessThanOrEqual(0)
      },
      { theme },
    )
  })
})

describe('a visitor', () => {
  it('loads less than 150 kB of JavaScript before the first page is there', async () => {
    const tab = await openTab(browser, stack.apiUrl)
    const scripts: Promise<number>[] = []
    tab.page.on('requestfinished', (request) => {
      if (request.resourceType() === 'script')
        scripts.push(request.sizes().then(({ responseBodySize }) => responseBodySize))
    })
    await tab.page.goto('/console/orders')
    await expectShown(tab.page.getByRole('heading', { name: 'Orders', level: 1 }))
    const bytes = (await Promise.all(scripts)).reduce((sum, size) => sum + size, 0)
    expect(bytes).toBeGreaterThan(50_000)
    expect(bytes).toBeLessThan(150_000)
    await tab.close()
  })

  it('reads in open mode that everybody may do everything, until the line is dismissed in this tab', async () => {
    await inTab('/orders', async (page) => {
      const line = page.getByRole('complementary', { name: 'Open mode' })
      await expectShown(line.getByText('BOOTSTRAP_ADMIN_KEY'))
      await expectShown(page.getByRole('region', { name: 'Signed in' }).getByText('developer'))
      await line.getByRole('button', { name: 'Dismiss' }).click()
      await page.reload()
      await expectShown(page.getByRole('heading', { name: 'Orders', level: 1 }))
      await expectHidden(line)
    })
  })

  it('places an order, and watches it complete', async () => {
    await inTab('/orders/new', async (page) => {
      await page.getByRole('button', { name: 'Place order' }).click()
      await page.waitForURL(/\/console\/orders\/[0-9a-f-]{36}$/)
      await expectShown(status(page, 'completed'))
      await expectShown(
        page.getByRole('list', { name: 'The steps of this order' }).getByText('Charge payment'),
      )
    })
  })

  it('breaks the carrier, watches an order wait, mends it, and watches it complete', async () => {
    await inTab('/maintenance', async (page) => {
      await page.getByLabel('Fault of shipping').selectOption('down')
      await page.getByRole('button', { name: 'Apply faults' }).click()
      await expectShown(page.getByText('broken on purpose'))
      const { id } = await api.place()
      const tab = await page.context().newPage()
      await tab.goto(`/console/orders/${id}`)
      await expectShown(status(tab, 'waiting'))
      await page.getByRole('button', { name: 'Clear all faults' }).click()
      await expectShown(status(tab, 'completed'))
    })
  })

  it('goes back to an order as it was, and forward again, by the browser’s own buttons', async () => {
    await inTab('/orders', async (page) => {
      await page.getByRole('link', { name: 'Invariants' }).click()
      await expectShown(page.getByRole('heading', { name: 'Invariants', level: 1 }))
      await page.goBack()
      await expectShown(page.getByRole('heading', { name: 'Orders', level: 1 }))
      await page.goForward()
      await expectShown(page.getByRole('heading', { name: 'Invariants', level: 1 }))
      const order = await api.run()
      await page.goto(`/console/orders/${order.id}?v=1`)
      await expectShown(status(page, 'pending'))
      await page.getByRole('button', { name: 'Back to now' }).click()
      await expectShown(status(page, 'completed'))
    })
  })

  it('reaches every page by keyboard alone', async () => {
    await inTab('/', async (page) => {
      await expectShown(page.getByRole('heading', { name: 'Overview', level: 1 }))
      await page.keyboard.press('g')
      await page.keyboard.press('f')
      await expectShown(page.getByRole('heading', { name: 'Failures', level: 1 }))
      await page.keyboard.press('/')
      await page.getByRole('combobox').fill('invar')
      await page.keyboard.press('Enter')
      await expectShown(page.getByRole('heading', { name: 'Invariants', level: 1 }))
      await page.keyboard.press('?')
      await expectShown(page.getByRole('heading', { name: 'Keyboard' }))
      await page.keyboard.press('Escape')
      await expectHidden(page.getByRole('heading', { name: 'Keyboard' }))
    })
  })
})

describe('an operator', () => {
  it('brings a parked refund home', async () => {
    const { id } = await api.place({ paymentMethod: 'pm_refund_fails_9', service: 'refused' })
    await api.reached(id, 'parked')
    await inTab(`/orders/${id}`, async (page) => {
      await expectShown(page.getByText('at refund payment: parked'))
      await page.getByRole('button', { name: 'Retry' }).click()
      // What is retried is the refund, and not the charge that it undoes.
      await expectShown(page.getByRole('heading', { name: 'Retry refund payment?' }))
      await page.getByLabel('Reason').fill('The gateway has mended its refunds.')
      await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click()
      await expectShown(status(page, 'rejected'))
      await expectShown(page.getByText('The gateway has mended its refunds.', { exact: true }))
    })
    expect((await api.ledger(id)).refunds).toHaveLength(1)
  })

  it('lets a customer send something back, approves it, and sees it refunded when the parcel has arrived', async () => {
    const order = await api.run({ lines: [{ sku: 'TEA-001', quantity: 4 }] })
    await inTab(`/orders/${order.id}`, async (page) => {
      await page.getByRole('button', { name: 'Send something back' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Quantity of TEA-001').fill('3')
      await dialog.getByLabel('Reason').fill('It leaks.')
      await dialog.getByRole('button', { name: 'Send it back' }).click()
      await page.waitForURL(/\/console\/returns\/[0-9a-f-]{36}$/)
      await expectShown(status(page, 'requested'))
      const id = page.url().slice(-36)
      await page.getByRole('link', { name: 'Returns' }).first().click()
      await page.locator(`a[href$="/returns/${id}"]`).click()
      await page.getByRole('button', { name: 'Approve' }).click()
      await page.getByRole('dialog').getByLabel('Reason').fill('Looked at the photograph.')
      await page.getByRole('dialog').getByRole('button', { name: 'Approve the return' }).click()
      await expectShown(status(page, 'approved'))
      await page.getByRole('button', { name: 'Say that the parcel has arrived' }).click()
      await expectShown(status(page, 'refunded'))
      await expectHidden(page.getByRole('button', { name: 'Say that the parcel has arrived' }))
    })
    const { refunds } = await api.ledger(order.id)
    expect(refunds).toMatchObject([{ amountMinor: 3 * 795 }])
  })

  it('settles a difference from a provider, and compares again', async () => {
    await inTab('/reconciliation', async (page) => {
      const table = page.getByRole('region', { name: 'Differences found' })
      const row = table.getByRole('row').filter({ hasText: 'stranger-30' })
      await expectShown(row.getByText('€10.00, charged'))
      await row.getByRole('button', { name: 'Settle' }).click()
      const dialog = page.getByRole('dialog')
      await expectShown(dialog.getByText('Ours: nothing. At payment: €10.00, charged.'))
      await dialog.getByLabel('Reason').fill('Refunded at the gateway.')
      await dialog.getByRole('button', { name: 'Settle it' }).click()
      await expectHidden(row)
      await page.getByRole('button', { name: 'Settled' }).click()
      await expectShown(page.getByText('Refunded at the gateway.'))
      await page.getByRole('button', { name: 'Compare now' }).click()
      await dialog.getByRole('button', { name: 'Compare now' }).click()
      await expectShown(page.getByText('Last compared'))
    })
  })

  it('reprocesses a dead letter', async () => {
    const pool = openTestPool(stack.migratorUrl, 1)
    const letter = await poison(api, pool).finally(() => pool.end())
    await inTab(`/dead-letters/${letter}`, async (page) => {
      await page.getByRole('button', { name: 'Reprocess' }).click()
      const dialog = page.getByRole('dialog')
      const reason = dialog.getByLabel('Reason')
      await dialog.waitFor()
      await reason.fill('The table takes it again.')
      await dialog.getByRole('button', { name: /^Reprocess/ }).click()
      await expectShown(page.getByText('No dead letter has this id.'))
    })
  })

  it('retries a group wave by wave, and stops it', async () => {
    const placed = await Promise.all(
      Array.from({ length: 6 }, () => api.place({ paymentMethod: 'pm_refund_fails', service: 'refused' })),
    )
    await Promise.all(placed.map(({ id }) => api.reached(id, 'parked')))
    await inTab('/failures?state=parked&kind=order&step=chargePayment&code=PROVIDER_ERROR', async (page) => {
      await page.goto('/console/failures')
      await page
        .getByRole('link', { name: /payment/i })
        .first()
        .click()
      await page.getByRole('button', { name: 'Retry the group' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('At once').selectOption('10')
      await dialog.getByLabel('Reason').fill('Is the gateway mended?')
      await dialog.getByRole('button', { name: /^Retry \d+ steps$/ }).click()
      await page.waitForURL(/\/console\/failures\/retries\//)
      await page.getByRole('button', { name: 'Stop' }).click()
      await page.getByRole('dialog').getByLabel('Reason').fill('It is not.')
      await page.getByRole('dialog').getByRole('button', { name: /^Stop/ }).click()
      await expectShown(page.getByText('stopped', { exact: true }).first())
    })
  })
})

describe('a page that is open while the API is killed', () => {
  it('says so, and shows what happened meanwhile as soon as it is back', async () => {
    const { id } = await api.place({ paymentMethod: 'pm_pending_8000' })
    await inTab(`/orders/${id}`, async (page) => {
      await expectShown(status(page, 'waiting'))
      const server = stack.processes.find(({ name }) => name === 'api')
      const notice = page.getByText('The API does not answer.').first()
      // An API that is back within a second is not worth a notice: it is killed until it stays away for longer.
      await until('the page to say so', async () => {
        if (await notice.isVisible()) return true
        const pid = server?.pid()
        if (pid !== undefined) process.kill(pid, 'SIGKILL')
        return undefined
      })
      await expectHidden(notice)
      await expectShown(status(page, 'completed'))
    })
  })
})

describe('a page whose files do not come', () => {
  it('says so, and is there when it is loaded again', async () => {
    await inTab('/orders', async (page) => {
      await expectShown(page.getByRole('heading', { name: 'Orders', level: 1 }))
      await page.route('**/console/assets/failures-*', (route) => route.abort())
      await page.getByRole('link', { name: 'Failures' }).click()
      await expectShown(page.getByText('This page could not be loaded.'))
      await page.unroute('**/console/assets/failures-*')
      await page.getByRole('button', { name: 'Load again' }).click()
      await expectShown(page.getByRole('heading', { name: 'Failures', level: 1 }))
    })
  })
})

describe('two tabs', () => {
  it('share one stream, and the second goes on when the first is closed', async () => {
    const { id } = await api.place({ paymentMethod: 'pm_pending' })
    const first = await openTab(browser, stack.apiUrl)
    const second = await first.context.newPage()
    const readers: Page[] = []
    first.context.on('request', (request) => {
      if (request.url().endsWith('/operations/stream')) readers.push(request.frame().page())
    })
    await first.page.goto('/console/')
    await expectShown(first.page.getByText('live', { exact: true }))
    await second.goto(`/console/orders/${id}`)
    await expectShown(second.getByText('live', { exact: true }))
    expect(readers).toEqual([first.page])
    await first.page.close()
    await until('the second tab to read the stream itself', async () =>
      readers.find((page) => page === second),
    )
    await api.cancel(id)
    await expectShown(status(second, 'cancelled'))
    await first.close()
  })
})
