import { randomUUID } from 'node:crypto'
import { createServer, STATUS_CODES, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { problemOf, PROBLEMS, type ProblemCode } from './problem.ts'

/** A server that answers with a problem also what Node cannot read as a request: by itself it answers without a body. */
export function createHttpServer(app: RequestListener): Server {
  // A missing Host is refused by the app, which has words for it.
  const server = createServer({ requireHostHeader: false }, app)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || hasBegunToAnswer(socket)) socket.destroy()
    else socket.end(answerTo(codeOf(error)))
  })
  return server
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

function answerTo(code: ProblemCode): string {
  const requestId = randomUUID()
  const [status, title] = PROBLEMS[code]
  const body = JSON.stringify(problemOf(code, title, requestId))
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}
