import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createProviderHttp } from '../../domain/provider/http.ts'
import { until } from '../harness/poll.ts'

/** A provider that answers each call by `answer`, and knows its connections and what was asked of it. */
async function startProvider(answer: (response: ServerResponse) => void) {
  const paths: string[] = []
  let connections = 0
  const server = createServer((request, response) => {
    paths.push(request.url ?? '')
    answer(response)
  })
  server.on('connection', (socket) => {
    connections += 1
    socket.on('close', () => (connections -= 1))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { http: createProviderHttp({ name: 'payment', baseUrl }), paths, connections: () => connections }
}

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

const create = {
  method: 'POST',
  path: '/charges',
  body: {},
  idempotencyKey: 'order:1:chargePayment',
} as const
const attempt = { number: 1, isLocal: true, signal: new AbortController().signal }

/** Writes `text` again and again, until the other side is gone. */
function keepWriting(response: ServerResponse, text: string, everyMs: number): void {
  response.writeHead(201, { 'content-type': 'application/json' })
  const more = setInterval(() => response.write(text), everyMs)
  response.on('close', () => clearInterval(more))
}

describe('a call to a provider', () => {
  it.each([
    { what: 'whose headers never come', answer: () => undefined, code: 'PROVIDER_TIMEOUT' },
    {
      what: 'whose body trickles',
      answer: (response: ServerResponse) => keepWriting(response, ' ', 100),
      code: 'PROVIDER_TIMEOUT',
    },
    {
      what: 'whose body has no end',
      answer: (response: ServerResponse) => keepWriting(response, 'x'.repeat(16 * 1024), 5),
      code: 'PROVIDER_UNREADABLE',
    },
  ])('$what is given up by its own limit, and its connection is destroyed', async ({ answer, code }) => {
    const provider = await startProvider(answer)
    await expect(provider.http(create, attempt)).rejects.toMatchObject({ code })
    await until('the connection to be gone', async () => (provider.connections() === 0 ? true : undefined))
    expect(provider.paths).toEqual(['/charges'])
  })

  it.each([302, 307])('that is redirected with %i does not follow', async (status) => {
    const provider = await startProvider((response) =>
      response.writeHead(status, { location: '/other' }).end(),
    )
    expect(await provider.http(create, attempt)).toMatchObject({ kind: 'ok', effect: { status } })
    expect(provider.paths).toEqual(['/charges'])
  })
})
