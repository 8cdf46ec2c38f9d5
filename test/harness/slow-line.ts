import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A line to a provider on which requests can be held up, and delivered long after their sender has given up. */
export interface SlowLine {
  url: string
  /** How many requests are held now. */
  held(): number
  /** Delivers what was held; answers the status of each. */
  deliver(): Promise<number[]>
  close(): void
}

export async function startSlowLine(
  target: string,
  isHeld: (request: IncomingMessage) => boolean,
): Promise<SlowLine> {
  const waiting: (() => Promise<number>)[] = []
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const forward = () =>
      relay(new URL(incoming.url ?? '/', target), incoming, Buffer.concat(chunks), response)
    if (isHeld(incoming)) waiting.push(forward)
    else await forward()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held: () => waiting.length,
    deliver: () => Promise.all(waiting.splice(0).map((forward) => forward())),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function relay(url: URL, incoming: IncomingMessage, body: Buffer, response: ServerResponse): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: incoming.method, headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
      answer.on('end', () => resolve(answer.statusCode ?? 502))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
