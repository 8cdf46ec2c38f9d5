import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, STATUS_CODES, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { countByAddress } from './back-pressure.ts'
import { problemOf, PROBLEMS, retryAfterSeconds, type ProblemCode } from './problem.ts'

export interface HttpLimits extends HttpTimes {
  /** Connections, in all and from one address: what is asked on one more is answered with 503, and it is closed. */
  connectionsMax: number
  connectionsPerAddressMax: number
}

/** In milliseconds. */
interface HttpTimes {
  /** The head of a request must have arrived by then, and all of it by then, counted from its first byte. */
  headMs: number
  requestMs: number
  /** A connection on which nothing is asked is kept for this long. */
  idleMs: number
  /** How often the times above are looked at. */
  checkMs: number
  /** When the server closes: after this time, what was asked is not waited for. */
  drainMs: number
}

export const HTTP_TIMES: HttpTimes = {
  headMs: 5000,
  requestMs: 10_000,
  // Load balancers keep one for a minute: closing it first would lose what they send at that moment.
  idleMs: 75_000,
  checkMs: 1000,
  drainMs: 10_000,
}

const HEADERS_MAX = 100

/** Then a client makes a new connection: clients that keep theirs for ever are spread over new processes, too. */
const REQUESTS_PER_CONNECTION_MAX = 10_000
const HEAD_BYTES_MAX = 16_384
const DRAIN_CHECK_MS = 100

/** Connections over the limit that are answered at the same time; those over that are closed at once. */
const REFUSED_AT_ONCE = 200

export interface HttpServer {
  port: number
  /** Takes nothing new, and finishes what was asked. */
  close(): Promise<void>
}

/** Serves over HTTP, and waits for no client for ever. */
export async function serveHttp(
  listener: RequestListener,
  { host, port }: { host: string; port: number },
  limits: HttpLimits,
): Promise<HttpServer> {
  const refused = new WeakSet<Socket>()
  const server = createServer(
    {
      // A missing Host is refused by the app, which has words for it.
      requireHostHeader: false,
      headersTimeout: limits.headMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: limits.checkMs,
      maxHeaderSize: HEAD_BYTES_MAX,
    },
    (request, response) => {
      if (refused.has(request.socket)) refuse(response, 'OVERLOADED')
      else if (request.rawHeaders.length > HEADERS_MAX * 2) refuse(response, 'HEADERS_TOO_LARGE')
      else listener(request, response)
    },
  )
  // Node would leave out those above a limit, and what they say: a credential, or that there is a proxy.
  server.maxHeadersCount = 0
  // What is expected besides `100-continue` may be left unanswered (RFC 9110).
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX
  server.maxConnections = limits.connectionsMax + REFUSED_AT_ONCE
  server.on('connection', admit(limits, refused))
  server.on('clientError', answerUnreadable)
  server.listen(port, host)
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, close: () => drain(server, limits.drainMs) }
}

function refuse(response: ServerResponse, code: ProblemCode): void {
  const { status, headers, body } = answerWith(code)
  response.writeHead(status, headers).end(body)
}

function admit(limits: HttpLimits, refused: WeakSet<Socket>): (socket: Socket) => void {
  const connections = countByAddress()
  return (socket) => {
    const { remoteAddress = '' } = socket
    const isTooMuch =
      connections.all() >= limits.connectionsMax ||
      connections.of(remoteAddress) >= limits.connectionsPerAddressMax
    if (!isTooMuch) return void socket.once('close', connections.take(remoteAddress))
    refused.add(socket)
    // One that asks nothing, or does not take its answer, is not kept.
    const timer = setTimeout(() => socket.destroy(), limits.headMs)
    socket.once('close', () => clearTimeout(timer))
  }
}

/** What is on its way is finished. Node looks at no times any more, nor at connections that become idle. */
async function drain(server: Server, drainMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const giveUpAt = performance.now() + drainMs
  while ((await countConnections(server)) > 0) {
    if (performance.now() < giveUpAt) server.closeIdleConnections()
    else server.closeAllConnections()
    await sleep(DRAIN_CHECK_MS)
  }
  await closed
}

const countConnections = (server: Server) =>
  new Promise<number>((resolve) => {
    server.getConnections((_error, count) => resolve(count))
  })

/** Answers with a problem also what Node cannot read as a request: by itself it answers without a body. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable || hasBegunToAnswer(socket)) socket.destroy()
  else socket.end(asText(answerWith(codeOf(error))))
}

/** Node keeps the response that is on its way there. */
const hasBegunToAnswer = (socket: Duplex & { _httpMessage?: ServerResponse | null }): boolean =>
  socket._httpMessage?.headersSent === true

function codeOf({ code }: NodeJS.ErrnoException): ProblemCode {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'HEADERS_TOO_LARGE'
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'REQUEST_TIMEOUT'
    default:
      return 'MALFORMED_REQUEST'
  }
}

function answerWith(code: ProblemCode) {
  const requestId = randomUUID()
  const [status, title] = PROBLEMS[code]
  const retryAfter = retryAfterSeconds(code)
  const body = JSON.stringify(problemOf(code, title, requestId))
  const headers = {
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'X-Request-Id': requestId,
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
    ...(retryAfter === undefined ? {} : { 'Retry-After': retryAfter }),
  }
  return { status, headers, body }
}

function asText({ status, headers, body }: ReturnType<typeof answerWith>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n')
}
