import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core'
import { expect } from 'vitest'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** A page is waited for as long as a machine with much to do may take. */
const PATIENCE_MS = 120_000

/** @throws Error that says how to get one. */
export async function launchChromium(...args: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    args: ['--no-sandbox', '--disable-gpu', ...args],
  })
}

function findChromium(): string {
  const { CHROMIUM_PATH, PATH = '' } = process.env
  const candidates = PATH.split(path.delimiter).flatMap((folder) =>
    NAMES.map((name) => path.join(folder, name)),
  )
  const found = CHROMIUM_PATH ?? candidates.find(isExecutable)
  if (found !== undefined) return found
  throw new Error(
    'The tests of the console need Chromium: install it (on Debian `apt-get install chromium`), or set CHROMIUM_PATH.',
  )
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export interface Tab {
  page: Page
  context: BrowserContext
  /** What the page has reported as an error: a script that threw, or a policy that was broken. */
  errors: string[]
  /** What the API has refused or failed: `GET /orders?x=1 400`. */
  refusals: string[]
  close: () => Promise<void>
}

/** A tab in a profile of its own, as a visitor has one. */
export async function openTab(
  browser: Browser,
  baseURL: string,
  { theme = 'light', width = 1280 }: { theme?: 'light' | 'dark'; width?: number } = {},
): Promise<Tab> {
  const context = await browser.newContext({
    baseURL,
    colorScheme: theme,
    viewport: { width, height: 900 },
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy/.test(message.text()))
      errors.push(message.text())
  })
  const refusals: string[] = []
  page.on('response', (response) => {
    // A database that is too busy to take one more connection is answered with 503: the page opens its stream again.
    const isPutOff = response.status() === 503 && response.url().endsWith('/stream')
    if (response.status() >= 400 && !isPutOff)
      refusals.push(`${response.request().method()} ${response.url()} ${response.status()}`)
  })
  return { page, context, errors, refusals, close: () => context.close() }
}

/** Waits until it is seen. */
export async function expectShown(what: Locator): Promise<void> {
  await what.waitFor()
  expect(await what.isVisible()).toBe(true)
}

export async function expectHidden(what: Locator): Promise<void> {
  await what.waitFor({ state: 'hidden' })
  expect(await what.count()).toBe(0)
}
