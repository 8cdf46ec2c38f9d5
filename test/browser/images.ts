import path from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT } from '../../root.ts'
import { startThrowawayStack } from '../../stack/throwaway.ts'
import { fill } from '../contract/contents.ts'
import { createApiClient } from '../harness/api-client.ts'
import { launchChromium, openTab } from './chromium.ts'

/** `npm run images`: the pictures of the console in the README, from a running system with something of everything. */
const FOLDER = path.join(ROOT, 'docs', 'images')

const browser = await launchChromium()
const stack = await startThrowawayStack(() => () => undefined, { SAGA_PACE: 0.3 })
try {
  const ids = await fill(stack)
  const api = createApiClient(stack.apiUrl, stack.sandboxUrl)
  for (let round = 0; round < 40; round += 1) {
    await Promise.all([
      api.run(),
      api.run({ service: 'express' }),
      api.run({ paymentMethod: 'pm_lost_reply_1' }),
    ])
    if (round % 8 === 0) await api.run({ paymentMethod: 'pm_declined' })
    if (round % 10 === 0) await api.run({ service: 'refused' })
  }
  const { page } = await openTab(browser, stack.apiUrl)
  const take = async (name: string, url: string) => {
    await page.goto(`/console${url}`)
    await page.getByRole('main').waitFor()
    // Charts and figures are there a moment after the page.
    await sleep(3000)
    await page.screenshot({ path: path.join(FOLDER, `${name}.png`) })
  }
  await take('overview', '/')
  await take('failures', '/failures')
  await take('order', `/orders/${ids.orders.at(-1)}`)
  await page.goto('/console/tour?scene=3')
  await page.getByRole('button', { name: 'Ask for a delivery that is refused' }).click()
  await page.getByRole('region', { name: 'What came of it' }).getByText('invariants hold').waitFor()
  await page.screenshot({ path: path.join(FOLDER, 'tour.png') })
} finally {
  await browser.close()
  await stack.stop()
}
process.exit()
