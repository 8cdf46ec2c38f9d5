import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'

/** A site on a port of its own, with an empty page from which scripts of a stranger are run. */
export async function startOtherSite(): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>Another site</title>')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A change that a stranger wishes. */
export interface Wish {
  url: string
  body?: object | undefined
}

/** What a page gets to see of an answer. */
interface Seen {
  status: number
  text: string
}

/** Sends a request from a page, as a script in it can; `refused` where the browser gives it no answer. */
export const fetchFrom = (page: Page, url: string, init: object = {}): Promise<Seen | 'refused'> =>
  page.evaluate(
    async ([address, options]) => {
      try {
        const response = await fetch(address, options)
        return { status: response.status, text: await response.text() }
      } catch {
        return 'refused' as const
      }
    },
    [url, init] as const,
  )

/** Sends a form, which needs no script's leave and takes the page along. @returns the status of the answer. */
export async function submitFrom(page: Page, { url, body }: Wish): Promise<number> {
  const answered = page.waitForResponse((response) => response.url() === url)
  await page.setContent(
    `<form action="${url}" method="post" enctype="text/plain">${body === undefined ? '' : fieldOf(body)}<button>Win!</button></form>`,
  )
  await page.getByRole('button', { name: 'Win!' }).click()
  return (await answered).status()
}

/** A form sends `name=value`: a JSON in which the sign between them is a text. */
function fieldOf(body: object): string {
  const [name = '', value = ''] = JSON.stringify({ ...body, reason: '=' })
    .replaceAll('"', '&quot;')
    .split('=')
  return `<input type="hidden" name="${name}" value="${value}">`
}
