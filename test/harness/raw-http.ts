import { connect } from 'node:net'

export interface RawRequest {
  method: string
  /** The path and query, as they are sent: nothing is escaped. */
  target: string
  /** As they are sent, also those that are doubled or malformed; `Host` and `Connection` are added unless named. */
  headers?: readonly (readonly [string, string])[]
  body?: string | Buffer
}

export interface RawAnswer {
  status: number
  /** By name in lower case. */
  headers: Record<string, string>
  body: string
}

const END_OF_HEADERS = '\r\n\r\n'

/** Sends what no HTTP client would, byte for byte. Of a stream that goes on, only the beginning is read. */
export function sendRaw(url: string, request: RawRequest | string): Promise<RawAnswer> {
  const { hostname, port, host } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let received = ''
    const end = () => {
      socket.destroy()
      if (received.includes(END_OF_HEADERS)) resolve(parse(received))
      else reject(new Error(`No answer, but: ${received}`))
    }
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      received += chunk
      if (/^content-type: text\/event-stream/im.test(received) && received.includes(END_OF_HEADERS)) end()
    })
    // An answer may come, and the connection be reset, while the request is still being sent.
    socket.on('error', end)
    socket.on('end', end)
    socket.write(typeof request === 'string' ? request : bytesOf(request, host))
  })
}

function bytesOf({ method, target, headers = [], body = '' }: RawRequest, host: string): Buffer {
  const content = Buffer.from(body)
  const ours = {
    host,
    connection: 'close',
    ...(content.length > 0 ? { 'content-length': content.length } : {}),
  }
  const named = new Set(headers.map(([name]) => name.toLowerCase()))
  const all = [...Object.entries(ours).filter(([name]) => !named.has(name)), ...headers]
  const head = [`${method} ${target} HTTP/1.1`, ...all.map(([name, value]) => `${name}: ${value}`)]
  return Buffer.concat([Buffer.from(head.join('\r\n') + END_OF_HEADERS, 'latin1'), content])
}

function parse(received: string): RawAnswer {
  const at = received.indexOf(END_OF_HEADERS)
  const [first = '', ...lines] = received.slice(0, at).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => {
      const [name = '', ...value] = line.split(': ')
      return [name.toLowerCase(), value.join(': ')]
    }),
  )
  const body = Buffer.from(received.slice(at + END_OF_HEADERS.length), 'latin1').toString('utf8')
  return { status: Number(first.split(' ')[1]), headers, body }
}
