import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SCENES } from '../../console/pages/tour/scenes.ts'
import type { Stack } from '../../stack/stack.ts'
import { startThrowawayStack } from '../../stack/throwaway.ts'
import { expectShown, launchChromium, openTab, type Tab } from './chromium.ts'

let stack: Stack
let browser: Browser
let tab: Tab

beforeAll(async () => {
  browser = await launchChromium()
  // A refund that fails nine times fails sooner so.
  stack = await startThrowawayStack(() => () => undefined, { SAGA_PACE: 0.3 })
  tab = await openTab(browser, stack.apiUrl)
})

afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})

const scenes = SCENES.map(({ title, action, proofs }, index) => ({
  number: index + 1,
  title,
  action,
  proofs,
}))

describe('the guided tour, as a visitor takes it', () => {
  it('begins where the address of the system leads', async () => {
    const { page } = tab
    await page.goto('/')
    await page.getByRole('link', { name: 'Take the tour' }).click()
    await page.getByRole('heading', { name: scenes[0]?.title ?? '', level: 2 }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/console/tour')
  })

  it.each(scenes)(
    'plays scene $number, $title, and proves what it says',
    async ({ title, action, proofs, number }) => {
      const { page, errors } = tab
      await page
        .getByRole('navigation', { name: 'Scenes' })
        .getByRole('link')
        .nth(number - 1)
        .click()
      await page.getByRole('heading', { name: title, level: 2 }).waitFor()
      const chosen = page.locator('.tour-scene[aria-current]')
      expect(await chosen.allInnerTexts()).toEqual([expect.stringContaining(title)])
      await page.getByRole('button', { name: action }).click()
      const outcome = page.getByRole('region', { name: 'What came of it' })
      const choice = page.getByRole('button', { name: /^(Bring|The gateway is mended)/ })
      const failure = page.getByRole('alert')
      await outcome.or(choice).or(failure).first().waitFor()
      if (await choice.isVisible()) await choice.click()
      await outcome.or(failure).first().waitFor()
      const lines = outcome.getByRole('listitem')
      // One more for the invariants, once they are read.
      await lines.filter({ hasText: /invariants hold|Broken/ }).waitFor()
      expect(await lines.allInnerTexts()).toEqual(
        [...proofs.map(({ text }) => text), expect.stringMatching(/^All \d+ invariants hold/)].map(
          (text) => (typeof text === 'string' ? expect.stringContaining(text) : text) as string,
        ),
      )
      expect(await outcome.getByText(': does not hold').count()).toBe(0)
      expect(errors).toEqual([])
      const isLast = number === scenes.length
      await page
        .getByRole(isLast ? 'link' : 'button', { name: isLast ? 'To the overview' : 'Next scene' })
        .click()
    },
  )

  it('ends at the overview, which finds nothing to worry about', async () => {
    await expectShown(tab.page.getByRole('heading', { name: 'Overview', level: 1 }))
    await expectShown(tab.page.getByText(/^(All is well|Nothing needs a person)/))
  })
})
