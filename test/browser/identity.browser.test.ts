import { AxeBuilder } from '@axe-core/playwright'
import { randomUUID } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { API_KEY, makeApiKey } from '../../api-key.ts'
import type { Stack } from '../../stack/stack.ts'
import { startThrowawayStack } from '../../stack/throwaway.ts'
import { served } from '../harness/served.ts'
import { orderBody } from '../harness/api-client.ts'
import { openTestPool } from '../harness/database.ts'
import { until } from '../harness/poll.ts'
import { expectHidden, expectShown, launchChromium, openTab, type Tab } from './chromium.ts'
import { fetchFrom, startOtherSite, submitFrom, type Wish } from './other-site.ts'

const admin = makeApiKey().key

let stack: Stack
let browser: Browser

beforeAll(async () => {
  browser = await launchChromium()
  stack = await startThrowawayStack(() => () => undefined, { SAGA_PACE: 0.1, BOOTSTRAP_ADMIN_KEY: admin })
})

afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})

/** The API with a key, as a script calls it. */
async function call<T>(key: string, method: string, path: string, body?: object): Promise<T> {
  return callAt<T>(stack.apiUrl, { authorization: `Bearer ${key}` }, method, path, body)
}

async function callAt<T>(apiUrl: string, who: object, method: string, path: string, body?: object) {
  const headers = { ...who, 'content-type': 'application/json', 'idempotency-key': randomUUID() }
  const sent = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const response = await served(`${path} to answer`, () => fetch(apiUrl + path, sent))
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return (response.status === 204 ? undefined : await response.json()) as T
}

const makeKey = (name: string, role: string, customerId?: string) =>
  call<{ id: string; key: string }>(admin, 'POST', '/keys', { name, roles: [role], customerId })

async function inTab(
  act: (page: Page, tab: Tab) => Promise<void>,
  options: Parameters<typeof openTab>[2] = {},
) {
  const tab = await openTab(browser, stack.apiUrl, options)
  try {
    await act(tab.page, tab)
    expect(tab.errors).toEqual([])
  } finally {
    await tab.close()
  }
}

const heading = (page: Page, name: string) => page.getByRole('heading', { name, level: 1 })

/** Signs in on the page that is open. */
async function signIn(page: Page, key: string): Promise<void> {
  await heading(page, 'Sign in').waitFor()
  await page.getByLabel('Key', { exact: true }).fill(key)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
}

/** The pages that are loaded from now on. */
function pathsOf(page: Page): string[] {
  const paths: string[] = []
  page.on('request', (request) => {
    if (request.isNavigationRequest()) paths.push(new URL(request.url()).pathname)
  })
  return paths
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign out' }).click()
  await heading(page, 'Sign in').waitFor()
}

describe('a visitor whom the API does not know', () => {
  it('signs in on the way to a page, and comes to it', async () => {
    await inTab(async (page) => {
      await page.goto('/console/orders?status=parked')
      await heading(page, 'Sign in').waitFor()
      expect(new URL(page.url()).searchParams.get('next')).toBe('/console/orders?status=parked')
      await page.getByLabel('Key', { exact: true }).fill(makeApiKey().key)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await expectShown(page.getByRole('alert').getByText(/This key, token or session is not valid/))
      await signIn(page, admin)
      await expectShown(heading(page, 'Orders'))
      expect(new URL(page.url()).search).toBe('?status=parked')
    })
  })

  it('is led to the sign-in page after one question, and nothing else is asked meanwhile', async () => {
    await inTab(async (page, { refusals }) => {
      const pages = pathsOf(page)
      await page.goto('/console/')
      await heading(page, 'Sign in').waitFor()
      await page.waitForLoadState('networkidle')
      expect(pages).toEqual(['/console/', '/console/sign-in'])
      expect(refusals).toEqual([`GET ${stack.apiUrl}/me 401`])
    })
  })

  it('is not led elsewhere by a link with another address in it', async () => {
    await inTab(async (page) => {
      await page.goto('/console/sign-in?next=//evil.example/console/')
      await signIn(page, admin)
      await expectShown(heading(page, 'Overview'))
      expect(new URL(page.url()).href).toBe(`${stack.apiUrl}/console/`)
    })
  })

  it('reads what to do when the browser keeps no cookie', async () => {
    await inTab(async (page, { context }) => {
      await page.route('**/session', async (route) => {
        await route.fetch()
        await context.clearCookies()
        await route.fulfill({ status: 204 })
      })
      await page.goto('/console/sign-in')
      await page.getByLabel('Key', { exact: true }).fill(admin)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await expectShown(page.getByRole('alert').getByText('this browser has not kept the cookie'))
    })
  })
})

describe('a key in a browser', () => {
  it('is in a cookie that no script reads, and nowhere else', async () => {
    await inTab(async (page, { context }) => {
      await page.goto('/console/')
      await signIn(page, admin)
      const cookies = await context.cookies()
      expect(cookies).toMatchObject([
        { name: 'ordersaga_session', httpOnly: true, sameSite: 'Strict', path: '/' },
      ])
      const secret = admin.split('_').at(-1)
      expect(JSON.stringify(cookies)).not.toContain(secret)
      const kept = await page.evaluate(
        '[document.cookie, location.href, ...Object.values(localStorage), ...Object.values(sessionStorage)].join(" ")',
      )
      expect(kept).toContain(`${stack.apiUrl}/console/`)
      expect(kept).not.toContain(secret)
      expect(kept).not.toContain('ordersaga_session')
    })
  })
})

describe('an administrator', () => {
  it('makes a key, with which a viewer signs in, who sees what it may not do and why, and who came', async () => {
    const { id } = await call<{ id: string }>(
      admin,
      'POST',
      '/orders',
      orderBody({ paymentMethod: 'pm_pending' }),
    )
    await inTab(async (page) => {
      await page.goto('/console/keys')
      await signIn(page, admin)
      await page.getByRole('button', { name: 'New key' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Name').fill('board')
      await dialog.getByRole('button', { name: 'Make key' }).click()
      await dialog.getByText('It will not be shown again.').waitFor()
      const key = await dialog.locator('code').filter({ hasText: /^os_/ }).innerText()
      expect(key).toMatch(API_KEY)
      await dialog.getByRole('button', { name: 'I have it' }).click()
      await expectShown(page.getByRole('row', { name: /^board/ }))
      expect(await page.content()).not.toContain(key)

      await signOut(page)
      await signIn(page, key)
      await expectShown(page.getByRole('region', { name: 'Signed in' }).getByText('key:board'))
      await expectHidden(page.getByRole('link', { name: 'Keys' }))
      await page.goto(`/console/orders/${id}`)
      const retry = page.getByRole('button', { name: 'Retry' })
      await retry.waitFor()
      expect([await retry.isDisabled(), await retry.getAttribute('title')]).toEqual([
        true,
        'It needs the role operator.',
      ])
      const skip = page.getByRole('button', { name: 'Give up step' })
      expect(await skip.getAttribute('title')).toBe('It needs the role treasurer.')

      await page.goto('/console/audit?action=POST+%2Fsession')
      const entries = page.getByRole('region', { name: 'Entries', exact: true })
      await expectShown(entries.getByRole('link', { name: 'key:board' }).first())
      await expectShown(entries.getByRole('link', { name: 'key:bootstrap' }).first())
    })
  })

  it('revokes a key, and every page that was opened with it goes to the sign-in page, once', async () => {
    const { id, key } = await makeKey('leaver', 'viewer')
    await inTab(async (page, { context }) => {
      await page.goto('/console/failures')
      await signIn(page, key)
      await heading(page, 'Failures').waitFor()
      const other = await context.newPage()
      await other.goto('/console/invariants')
      await heading(other, 'Invariants').waitFor()
      const pages = pathsOf(page)
      await call(admin, 'DELETE', `/keys/${id}`)
      await expectShown(heading(page, 'Sign in'))
      await page.waitForLoadState('networkidle')
      // However many answers have said so.
      expect(pages).toEqual(['/console/sign-in'])
      await expectShown(heading(other, 'Sign in'))
      await signIn(page, admin)
      await expectShown(heading(page, 'Failures'))
    })
  })

  it('revokes a key in its own words', async () => {
    const { id } = await makeKey('passing', 'viewer')
    await inTab(async (page) => {
      await page.goto('/console/keys')
      await signIn(page, admin)
      const revoke = page.getByRole('button', { name: `Revoke key ${id} of passing` })
      await revoke.click()
      await page.getByRole('dialog').getByRole('button', { name: 'Revoke it' }).click()
      await page.locator(`button[aria-label^="Revoke key ${id}"]:disabled`).waitFor()
      expect(await revoke.getAttribute('title')).toBe('It is revoked for good.')
    })
  })
})

describe('a tab whose browser another tab has signed in as another principal', () => {
  it('is loaded anew, and shows nothing of the first any more', async () => {
    const { key } = await makeKey('second', 'viewer')
    await inTab(async (page, { context }) => {
      await page.goto('/console/keys')
      await signIn(page, admin)
      await heading(page, 'Keys').waitFor()
      await page.evaluate('window.kept = true')
      const other = await context.newPage()
      await other.goto('/console/sign-in')
      await signIn(other, key)
      await page.bringToFront()
      await expectShown(page.getByText('This page is not for you.'))
      await expectShown(page.getByText('It needs the role admin.'))
      await until('the page to be another one', async () =>
        (await page.evaluate('window.kept === undefined').catch(() => false)) ? true : undefined,
      )
    })
  })
})

describe('a customer', () => {
  it('places an order of its own, sends it back, and is shown nothing that the API would refuse', async () => {
    const { key } = await makeKey('alice', 'customer', 'cus_alice')
    const bob = await call<{ id: string }>(admin, 'POST', '/orders', orderBody({ customerId: 'cus_bob' }))
    await inTab(async (page, { refusals }) => {
      await page.goto('/console/sign-in')
      await signIn(page, key)
      await expectShown(heading(page, 'Orders'))
      const links = await page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allInnerTexts()
      expect(links).toEqual(['OrderSaga', 'Orders', 'Accounts', 'Transfers', 'API reference'])
      for (const name of ['Accounts', 'Transfers']) {
        await page.getByRole('link', { name, exact: true }).click()
        await expectShown(heading(page, name))
      }
      await page.getByRole('link', { name: 'Orders', exact: true }).click()
      await page.getByRole('link', { name: 'New order' }).click()
      await page.getByRole('button', { name: 'Place order' }).waitFor()
      expect(await page.getByLabel('Customer').count()).toBe(0)
      await page.getByRole('button', { name: 'Place order' }).click()
      await page.waitForURL(/\/console\/orders\/[0-9a-f-]{36}$/)
      const summary = page.getByRole('region', { name: 'Summary' })
      await expectShown(summary.getByText('completed', { exact: true }))
      await expectShown(summary.getByText('cus_alice'))
      await page.getByRole('button', { name: 'Send something back' }).click()
      await page.getByRole('dialog').getByLabel('Reason').fill('It leaks.')
      await page.getByRole('dialog').getByRole('button', { name: 'Send it back' }).click()
      await page.waitForURL(/\/console\/returns\/[0-9a-f-]{36}$/)
      await expectShown(summary.getByText('approved', { exact: true }))
      for (const name of ['Retry', 'Say that the parcel has arrived'])
        expect(await page.getByRole('button', { name }).count()).toBe(0)
      expect(refusals).toEqual([])
      await page.goto(`/console/orders/${bob.id}`)
      await expectShown(page.getByText('404 ORDER_NOT_FOUND'))
    })
  })
})

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  it.each([
    ['/sign-in', 'Sign in'],
    ['/audit', 'Audit'],
    ['/keys', 'Keys'],
  ])('%s is accessible, and fits a telephone', async (path, title) => {
    await inTab(
      async (page) => {
        await page.goto('/console/sign-in')
        if (path !== '/sign-in') {
          await signIn(page, admin)
          await page.goto(`/console${path}`)
        }
        await until('nothing to be read any more', async () =>
          (await page.locator('[aria-busy="true"]').count()) === 0 ? true : undefined,
        )
        await heading(page, title).waitFor()
        const { violations } = await new AxeBuilder({ page }).analyze()
        expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
        await page.setViewportSize({ width: 375, height: 800 })
        expect(
          await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
        ).toBeLessThanOrEqual(0)
      },
      { theme },
    )
  })
})

/** An order that waits for long, and all that a stranger might have changed. */
async function contentsOf({ migratorUrl }: Pick<Stack, 'migratorUrl'>): Promise<unknown> {
  const pool = openTestPool(migratorUrl, 1)
  const read = `
    SELECT (SELECT json_agg(o ORDER BY id) FROM orders o) AS orders, (SELECT json_agg(k ORDER BY id) FROM api_keys k) AS keys,
           (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM operator_actions) AS actions,
           (SELECT count(*) FROM sessions) AS sessions`
  const { rows } = await pool.query(read).finally(() => pool.end())
  return rows
}

describe('a page of another site in the same browser', () => {
  let open: Stack
  let site: Awaited<ReturnType<typeof startOtherSite>>
  let rebinding: Browser
  beforeAll(async () => {
    site = await startOtherSite()
    rebinding = await launchChromium('--host-resolver-rules=MAP evil.example 127.0.0.1')
    open = await startThrowawayStack(() => () => undefined, { SAGA_PACE: 0.1 })
  })
  afterAll(async () => {
    await site?.close()
    await rebinding?.close()
    await open?.stop()
  })

  const systems: [string, () => Stack, { authorization?: string }][] = [
    ['with keys, while an administrator is signed in', () => stack, { authorization: `Bearer ${admin}` }],
    ['in open mode', () => open, {}],
  ]

  /** An order that waits, and what a stranger might wish. */
  async function prepare(of: Stack, who: object) {
    const body = orderBody({ paymentMethod: 'pm_pending' })
    const { id } = await callAt<{ id: string }>(of.apiUrl, who, 'POST', '/orders', body)
    await until('the order to wait', async () => {
      const order = await callAt<{ status: string }>(of.apiUrl, who, 'GET', `/orders/${id}`)
      return order.status === 'waiting' ? true : undefined
    })
    const wishes: Wish[] = [
      { url: `${of.apiUrl}/orders/${id}/cancel` },
      { url: `${of.apiUrl}/orders/${id}/cancel`, body: {} },
      { url: `${of.apiUrl}/keys`, body: { name: 'stranger', roles: ['admin'] } },
      { url: `${of.apiUrl}/session`, body: { key: admin } },
    ]
    return { id, wishes }
  }

  it.each(systems)('changes nothing and reads nothing of a system %s', async (_name, of, who) => {
    const { id, wishes } = await prepare(of(), who)
    const tab = await openTab(browser, of().apiUrl)
    if ('authorization' in who) {
      await tab.page.goto('/console/')
      await signIn(tab.page, admin)
      await tab.page.goto('about:blank')
    }
    const { page } = tab
    const before = await contentsOf(of())
    for (const wish of wishes) {
      await page.goto(site.url)
      expect(await submitFrom(page, wish)).toBe(403)
      await page.goto(site.url)
      for (const type of ['text/plain', 'application/json']) {
        const sent =
          wish.body === undefined
            ? {}
            : { headers: { 'content-type': type }, body: JSON.stringify(wish.body) }
        const init = { method: 'POST', credentials: 'include', ...sent }
        expect(await fetchFrom(page, wish.url, { ...init, mode: 'no-cors' })).toBe('refused')
        expect(await fetchFrom(page, wish.url, init)).toBe('refused')
      }
    }
    for (const path of [`/orders/${id}`, '/orders', '/me', '/keys', '/operations/audit'])
      for (const mode of ['no-cors', 'cors'])
        expect(await fetchFrom(page, of().apiUrl + path, { credentials: 'include', mode })).toBe('refused')
    expect(await contentsOf(of())).toEqual(before)
    await tab.close()
  })

  it.each(systems)('is answered nothing when its name is bound to a system %s', async (_name, of, who) => {
    const { id } = await prepare(of(), who)
    const before = await contentsOf(of())
    const { port } = new URL(of().apiUrl)
    const tab = await openTab(rebinding, `http://evil.example:${port}`)
    // Once its name leads here, a page of the stranger is of the same origin as this answer.
    expect((await tab.page.goto('/orders'))?.status()).toBe(421)
    for (const path of [
      `/orders/${id}`,
      '/orders',
      '/me',
      '/keys',
      '/openapi.json',
      '/console/',
      '/operations/stream',
    ]) {
      const seen = await fetchFrom(tab.page, path)
      expect(seen).toMatchObject({ status: 421, text: expect.stringContaining('MISDIRECTED_REQUEST') })
    }
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
    expect(await fetchFrom(tab.page, `/orders/${id}/cancel`, init)).toMatchObject({ status: 421 })
    expect(await contentsOf(of())).toEqual(before)
    await tab.close()
  })
})
