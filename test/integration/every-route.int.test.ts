import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Target } from '../harness/document-inputs.ts'
import { faultOf, openOutside, type Outside } from '../harness/outside.ts'
import { sendRaw, type RawAnswer } from '../harness/raw-http.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

/** What is the same on every route of the published document, new ones too. */
let system: System
let outside: Outside
beforeAll(async () => {
  system = await startSystem({ workers: false, events: true })
  outside = await openOutside(system)
})
afterAll(() => system.close())

const nameOf = ({ method, path }: Target) => `${method} ${path}`
const withBody = () => outside.targets.filter(({ body }) => body !== undefined)
const codeOf = ({ body }: RawAnswer) => (JSON.parse(body) as { code: string }).code
const expectCode = (target: Target, answer: RawAnswer, status: number, code: string) =>
  expect([nameOf(target), faultOf(answer), answer.status, codeOf(answer)]).toEqual([
    nameOf(target),
    undefined,
    status,
    code,
  ])

/** Its headers, without those that differ between any two answers, or are about the body or the connection. */
function headersOf({ headers }: RawAnswer) {
  const changing = new Set([
    'date',
    'x-request-id',
    'ratelimit',
    'content-length',
    'transfer-encoding',
    'connection',
  ])
  return Object.entries(headers).filter(([name]) => !changing.has(name))
}

describe('every route', () => {
  it('answers HEAD as it would GET, without a body', async () => {
    for (const target of outside.targets.filter(({ method }) => method === 'GET')) {
      const got = await outside.call(target)
      const head = await outside.call({ ...target, method: 'HEAD' })
      expect([nameOf(target), head.status, headersOf(head), head.body]).toEqual([
        nameOf(target),
        got.status,
        headersOf(got),
        '',
      ])
    }
  })

  it('answers a method that it does not have with 405, and says which it has', async () => {
    const paths = new Set(outside.targets.map(({ path }) => path))
    for (const path of paths) {
      const known = outside.targets.filter((target) => target.path === path).map(({ method }) => method)
      const allowed = (known.includes('GET') ? [...known, 'HEAD'] : known).toSorted()
      const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']
      for (const method of methods.filter((each) => !allowed.includes(each))) {
        const answer = await outside.send({ method, target: outside.pathOf(path) })
        expect([path, method, answer.status, answer.headers['allow']]).toEqual([
          path,
          method,
          405,
          allowed.join(', '),
        ])
        if (method !== 'HEAD')
          expect([faultOf(answer), codeOf(answer)]).toEqual([undefined, 'METHOD_NOT_ALLOWED'])
      }
    }
  })

  it('is at its path alone: neither with a slash behind it nor in other letters', async () => {
    for (const { method, path } of outside.targets) {
      const ours = outside.pathOf(path)
      for (const target of [`${ours}/`, ours.replace(/^\/\w/, (letter) => letter.toUpperCase())]) {
        const answer = await outside.send({ method, target })
        expect([target, answer.status, codeOf(answer)]).toEqual([target, 404, 'NOT_FOUND'])
      }
    }
  })

  it('answers a request whose headers are too large with 431', async () => {
    for (const target of outside.targets) {
      const answer = await outside.call(target, { headers: [['x-odd', 'x'.repeat(20_000)]] })
      expectCode(target, answer, 431, 'HEADERS_TOO_LARGE')
    }
  })
})

describe('every route with a body', () => {
  it.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
  ])('takes it as %s', async (type) => {
    for (const target of withBody()) {
      const answer = await outside.call(target, { headers: [['content-type', type]], body: '[]' })
      expect([nameOf(target), faultOf(answer), answer.status]).toEqual([nameOf(target), undefined, 422])
    }
  })

  it.each([
    'text/plain',
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
    'application/xml',
    'application/jsonx',
    'multipart/form-data; boundary=x',
    ';',
    '',
  ])('does not take it as "%s"', async (type) => {
    for (const target of withBody()) {
      const answer = await outside.call(target, { headers: [['content-type', type]] })
      expectCode(target, answer, 415, 'UNSUPPORTED_MEDIA_TYPE')
    }
  })

  it.each(['gzip', 'br', 'x'])('does not take one that is encoded: %s', async (encoding) => {
    for (const target of withBody()) {
      const answer = await outside.call(target, { headers: [['content-encoding', encoding]] })
      expectCode(target, answer, 415, 'UNSUPPORTED_MEDIA_TYPE')
    }
  })

  it('does not take one over 64 KB, of bytes that are not UTF-8, or that is not JSON', async () => {
    for (const target of withBody()) {
      const large = await outside.call(target, { body: JSON.stringify({ a: 'x'.repeat(65_536) }) })
      expectCode(target, large, 413, 'BODY_TOO_LARGE')
      for (const body of [Buffer.from([0x22, 0xff, 0x22]), '{"a":', ' '])
        expectCode(target, await outside.call(target, { body }), 400, 'MALFORMED_JSON')
    }
  })
})

it.each([
  ['no HTTP', 'hello\r\n\r\n', 400, 'MALFORMED_REQUEST'],
  ['no Host', 'GET /orders HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'MALFORMED_REQUEST'],
  [
    'two lengths',
    'POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
    400,
    'MALFORMED_REQUEST',
  ],
])('what is %s is answered with a problem, too', async (_what, bytes, status, code) => {
  const answer = await sendRaw(system.apiUrl, bytes)
  expect([faultOf(answer), answer.status, codeOf(answer)]).toEqual([undefined, status, code])
})
