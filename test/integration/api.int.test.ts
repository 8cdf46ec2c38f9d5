import { randomUUID } from 'node:crypto'
import { request as rawRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../prisma/client.ts'
import { address, orderBody, type Loyalty, type Order, type OrderEvent } from '../harness/api-client.ts'
import { placeOrderRow } from '../harness/order-rows.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { writeOrder } from '../harness/written-orders.ts'

/** The contract of the HTTP API: what a client may send, and what it is told. No worker is needed for that. */
let system: System
beforeAll(async () => {
  system = await startSystem({ workers: false })
})
afterAll(() => system.close())

interface Problem {
  type: string
  title: string
  status: number
  code: string
  detail: string
  requestId: string
  errors?: { pointer: string; detail: string }[]
}

const post = (body: unknown, headers: Record<string, string> = { 'idempotency-key': randomUUID() }) =>
  system.api.post('/orders', body, headers)

async function expectProblem(response: Response, status: number, code: string): Promise<Problem> {
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  const problem = (await response.json()) as Problem
  expect(problem).toMatchObject({ status, code, requestId: response.headers.get('x-request-id') })
  expect(problem.type).toBe(`/problems/${code.toLowerCase().replaceAll('_', '-')}`)
  expect(problem.title).not.toBe('')
  return problem
}

const pointers = ({ errors }: Problem) => errors?.map(({ pointer }) => pointer)

describe('placing an order', () => {
  it('answers 202 with its address and the order as pending, and never shows what it runs on', async () => {
    const response = await post({ ...orderBody(), expectedTotalMinor: 1590 })
    expect(response.status).toBe(202)
    const order = (await response.json()) as Order
    expect(response.headers.get('location')).toBe(`/orders/${order.id}`)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('x-request-id')).toMatch(/^[\w.-]+$/)
    expect(response.headers.get('x-powered-by')).toBeNull()
    expect(order).toMatchObject({ status: 'pending', reason: null, totalMinor: 1590, version: 1 })
    expect(order.lines).toEqual([{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 795 }])
    expect(order.steps.map(({ name, kind, state }) => [name, kind, state])).toEqual([
      ['reserveInventory', 'compensatable', 'pending'],
      ['chargePayment', 'compensatable', 'pending'],
      ['createShipment', 'compensatable', 'pending'],
      ['awardPoints', 'compensatable', 'pending'],
      ['completeOrder', 'pivot', 'pending'],
      ['notifyCustomer', 'retriable', 'pending'],
    ])
    expect(order.workflow.id).toBe(`order-${order.id}`)
    const promisedMs = Date.parse(order.deadlineAt) - Date.parse(order.createdAt)
    // The promise is made a moment before the row is.
    expect(promisedMs).toBeGreaterThan(1_700_000)
    expect(promisedMs).toBeLessThanOrEqual(1_800_000)
    expect(await system.api.order(order.id)).toEqual(order)
  })

  it('answers with what forbids a browser to frame it, and to run scripts of others on its pages', async () => {
    for (const page of ['/orders', '/docs/', '/no-such-page']) {
      const { headers } = await fetch(`${system.apiUrl}${page}`)
      expect(headers.get('x-frame-options')).toBe('SAMEORIGIN')
      const policy = headers.get('content-security-policy')?.split(';') ?? []
      expect(policy).toEqual(
        expect.arrayContaining(["default-src 'self'", "script-src 'self'", "frame-ancestors 'self'"]),
      )
    }
  })

  it('takes a deadline from 60 seconds to a day', async () => {
    const before = Date.now()
    const order = await system.api.place({ deadlineSeconds: 60 })
    const after = Date.now()
    expect(Date.parse(order.deadlineAt)).toBeGreaterThanOrEqual(before + 60_000)
    expect(Date.parse(order.deadlineAt)).toBeLessThanOrEqual(after + 60_000)
  })

  it('keeps the caller’s request id where it is harmless, and makes one where it is not', async () => {
    const kept = await fetch(`${system.apiUrl}/livez`, { headers: { 'x-request-id': 'abc-123' } })
    expect(kept.headers.get('x-request-id')).toBe('abc-123')
    const made = await fetch(`${system.apiUrl}/livez`, { headers: { 'x-request-id': '<script>' } })
    expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('the Idempotency-Key', () => {
  it('makes the same request answer the same order, whatever became of it and in whatever order its members come', async () => {
    const key = randomUUID()
    const first = await post(orderBody(), { 'idempotency-key': key })
    const body = await first.text()
    await system.api.cancel((JSON.parse(body) as Order).id)
    const reversed = Object.fromEntries(Object.entries(orderBody()).reverse())
    const again = await post(reversed, { 'idempotency-key': key })
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([202, 'true'])
    expect(await again.text()).toBe(body)
  })

  it('is required, and is 1 to 255 visible ASCII characters', async () => {
    await expectProblem(await post(orderBody(), {}), 400, 'IDEMPOTENCY_KEY_MISSING')
    await expectProblem(
      await post(orderBody(), { 'idempotency-key': 'k'.repeat(256) }),
      400,
      'IDEMPOTENCY_KEY_INVALID',
    )
    await expectProblem(await post(orderBody(), { 'idempotency-key': 'a b' }), 400, 'IDEMPOTENCY_KEY_INVALID')
    await expectProblem(await post(orderBody(), { 'idempotency-key': 'é' }), 400, 'IDEMPOTENCY_KEY_INVALID')
    expect((await post(orderBody(), { 'idempotency-key': '~'.repeat(255) })).status).toBe(202)
  })

  it('with another body is refused', async () => {
    const key = randomUUID()
    await post(orderBody(), { 'idempotency-key': key })
    const other = await post(orderBody({ paymentMethod: 'pm_declined' }), { 'idempotency-key': key })
    await expectProblem(other, 422, 'IDEMPOTENCY_KEY_REUSED')
  })

  it('stays free after a refused request, which leaves no trace', async () => {
    const key = { 'idempotency-key': randomUUID() }
    const tables = () =>
      Promise.all([system.db.saga.count(), system.db.idempotencyKey.count(), system.db.event.count()])
    const before = await tables()
    await expectProblem(
      await post(orderBody({ lines: [{ sku: 'NO-SUCH', quantity: 1 }] }), key),
      422,
      'UNKNOWN_SKU',
    )
    expect(await tables()).toEqual(before)
    expect((await post(orderBody(), key)).status).toBe(202)
  })

  it('is answered with 409 while its first request is still being worked on', async () => {
    const key = randomUUID()
    await system.db.$transaction(
      async (transaction) => {
        await transaction.$executeRaw`INSERT INTO idempotency_keys (caller, key, body_hash, saga_id)
          VALUES ('anonymous', ${key}, '', ${randomUUID()}::uuid)`
        await expectProblem(
          await post(orderBody(), { 'idempotency-key': key }),
          409,
          'IDEMPOTENCY_KEY_IN_USE',
        )
      },
      { timeout: 20_000 },
    )
  })

  it('is forgotten after 72 hours', async () => {
    const key = randomUUID()
    const { id } = await system.api.place({ key })
    await system.db
      .$executeRaw`UPDATE idempotency_keys SET created_at = now() - interval '73 hours' WHERE key = ${key}`
    expect((await system.api.place({ key })).id).not.toBe(id)
  })

  it('does not stay in the table once it is forgotten', async () => {
    const key = randomUUID()
    await system.api.place({ key })
    await system.db
      .$executeRaw`UPDATE idempotency_keys SET created_at = now() - interval '73 hours' WHERE key = ${key}`
    await expect.poll(() => system.db.idempotencyKey.count({ where: { key } }), { timeout: 45_000 }).toBe(0)
  })
})

describe('a bad order is refused with a pointer to its fault', () => {
  const good = orderBody()
  const line = { sku: 'TEA-001', quantity: 1 }
  const at = (changes: object) => ({
    ...good,
    shipping: { ...good.shipping, address: { ...address, ...changes } },
  })
  it.each<[string, unknown, string[]]>([
    ['no customer', { ...good, customerId: undefined }, ['/customerId']],
    ['a customer with a space', { ...good, customerId: 'a b' }, ['/customerId']],
    ['a customer of 65 characters', { ...good, customerId: 'c'.repeat(65) }, ['/customerId']],
    ['a currency that is none', { ...good, currency: 'euro' }, ['/currency']],
    ['a currency that is not sold in', { ...good, currency: 'USD' }, ['/currency']],
    ['no lines', { ...good, lines: [] }, ['/lines']],
    [
      '101 lines',
      { ...good, lines: Array.from({ length: 101 }, (_, n) => ({ sku: `X-${n}`, quantity: 1 })) },
      ['/lines'],
    ],
    ['quantity 0', { ...good, lines: [{ ...line, quantity: 0 }] }, ['/lines/0/quantity']],
    ['quantity 1001', { ...good, lines: [line, { sku: 'TEA-002', quantity: 1001 }] }, ['/lines/1/quantity']],
    ['a quantity with a fraction', { ...good, lines: [{ ...line, quantity: 1.5 }] }, ['/lines/0/quantity']],
    ['a quantity as text', { ...good, lines: [{ ...line, quantity: '1' }] }, ['/lines/0/quantity']],
    ['a SKU on two lines', { ...good, lines: [line, line] }, ['/lines/1/sku']],
    ['a payment method that is no token', { ...good, paymentMethod: '4111' }, ['/paymentMethod']],
    [
      'a service in capitals',
      { ...good, shipping: { ...good.shipping, service: 'Standard' } },
      ['/shipping/service'],
    ],
    ['a country that is none', at({ country: 'XX' }), ['/shipping/address/country']],
    ['an empty street', at({ line1: '' }), ['/shipping/address/line1']],
    ['a name of 201 characters', at({ name: 'n'.repeat(201) }), ['/shipping/address/name']],
    ['a name with a control character', at({ name: 'a\u0000b' }), ['/shipping/address/name']],
    ['half a surrogate pair', at({ city: '\uD800' }), ['/shipping/address/city']],
    ['a card number as a name', at({ name: '4111 1111 1111 1111' }), ['/shipping/address/name']],
    ['a card number as a token', { ...good, paymentMethod: 'pm_4111111111111111' }, ['/paymentMethod']],
    ['a deadline of 59 seconds', { ...good, deadlineSeconds: 59 }, ['/deadlineSeconds']],
    ['a deadline of more than a day', { ...good, deadlineSeconds: 86_401 }, ['/deadlineSeconds']],
    ['an unknown field', { ...good, coupon: 'X' }, ['/coupon']],
    ['an unknown field with a slash', { ...good, 'a/b~c': 1 }, ['/a~1b~0c']],
    ['an array', [], ['']],
    ['a string', 'order', ['']],
    ['null', null, ['']],
  ])('%s', async (_title, body, expected) => {
    expect(pointers(await expectProblem(await post(body), 422, 'INVALID_ORDER'))).toEqual(expected)
  })

  it.each([
    ['an unknown SKU', { lines: [line, { sku: 'NO-SUCH', quantity: 1 }] }, 'UNKNOWN_SKU', ['/lines/1/sku']],
    ['an inactive SKU', { lines: [{ sku: 'OLD-001', quantity: 1 }] }, 'INACTIVE_SKU', ['/lines/0/sku']],
    ['another total', { expectedTotalMinor: 1589 }, 'TOTAL_MISMATCH', ['/expectedTotalMinor']],
  ])('%s', async (_title, changes, code, expected) => {
    expect(pointers(await expectProblem(await post({ ...good, ...changes }), 422, code))).toEqual(expected)
  })

  it.each(['tea-001', 'é', 'a/b~c', '__proto__'])(
    'of a product spelt %s is of an unknown one',
    async (sku) => {
      const lines = [{ sku, quantity: 1 }]
      await expectProblem(await post({ ...good, lines }), 422, 'UNKNOWN_SKU')
    },
  )

  it('that is not UTF-8 is malformed', async () => {
    const body = Buffer.from(JSON.stringify(good)).map((byte) => (byte === 0x43 ? 0xff : byte))
    const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() }
    const response = await fetch(`${system.apiUrl}/orders`, { method: 'POST', headers, body })
    await expectProblem(response, 400, 'MALFORMED_JSON')
  })

  it('all its faults at once', async () => {
    const problem = await expectProblem(
      await post({ ...good, customerId: '', lines: [{ sku: '', quantity: 0 }] }),
      422,
      'INVALID_ORDER',
    )
    expect(pointers(problem)).toEqual(['/customerId', '/lines/0/sku', '/lines/0/quantity'])
  })
})

describe('a bad request', () => {
  const raw = (body: string, headers: Record<string, string>) =>
    fetch(`${system.apiUrl}/orders`, {
      method: 'POST',
      body,
      headers: { 'idempotency-key': randomUUID(), ...headers },
    })
  const json = { 'content-type': 'application/json' }

  it('that is not JSON, or empty, is malformed', async () => {
    await expectProblem(await raw('{"a":', json), 400, 'MALFORMED_JSON')
    await expectProblem(await raw('', json), 400, 'MALFORMED_JSON')
    await expectProblem(await fetch(`${system.apiUrl}/orders`, { method: 'POST' }), 400, 'MALFORMED_JSON')
  })

  it('of another media type, or compressed, is refused', async () => {
    await expectProblem(await raw('{}', { 'content-type': 'text/plain' }), 415, 'UNSUPPORTED_MEDIA_TYPE')
    await expectProblem(
      await raw('a=b', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    )
    await expectProblem(
      await raw('{}', { ...json, 'content-encoding': 'gzip' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    )
    await expectProblem(
      await raw('{}', { 'content-type': 'application/json; charset=latin1' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    )
  })

  it('over 64 KB is too large', async () => {
    await expectProblem(await raw(JSON.stringify({ a: 'x'.repeat(65_536) }), json), 413, 'BODY_TOO_LARGE')
  })

  it('with another method gets an answer that says which are allowed', async () => {
    const response = await fetch(`${system.apiUrl}/orders`, { method: 'DELETE' })
    expect(response.headers.get('allow')).toBe('GET, HEAD, POST')
    await expectProblem(response, 405, 'METHOD_NOT_ALLOWED')
    const { id } = await system.api.place()
    expect((await fetch(`${system.apiUrl}/orders/${id}/cancel`)).headers.get('allow')).toBe('POST')
  })

  it('for an order that does not exist, or cannot, is 404', async () => {
    for (const id of [randomUUID(), 'x', '%00', '%E0%A4%A']) {
      for (const path of ['', '/events', '/history']) {
        const response = await fetch(`${system.apiUrl}/orders/${id}${path}`)
        await expectProblem(response, 404, 'ORDER_NOT_FOUND')
      }
    }
    await expectProblem(await system.api.cancel(randomUUID()), 404, 'ORDER_NOT_FOUND')
    await expectProblem(await fetch(`${system.apiUrl}/products/%00`), 404, 'PRODUCT_NOT_FOUND')
    await expectProblem(await fetch(`${system.apiUrl}/products/NO-SUCH`), 404, 'PRODUCT_NOT_FOUND')
    await expectProblem(await fetch(`${system.apiUrl}/nowhere`), 404, 'NOT_FOUND')
  })

  it.each([
    '/orders?status=lost',
    '/orders?limit=0',
    '/orders?limit=101',
    '/orders?limit=x',
    '/orders?colour=red',
    '/orders?cursor=%00',
    '/orders?cursor=eHg',
    '/orders?customerId=a%20b',
    '/orders?limit=1&limit=2',
    '/products?status=x',
    '/products?cursor=AAAA',
    '/orders?deadlineSeconds=1',
    '/orders?reasonCode=LOST',
    '/orders?reasonCode=out_of_stock',
    '/orders?step=lost',
    '/orders?step=withdrawMoney',
    '/orders?step=chargePayment&step=awardPoints',
    '/orders?createdFrom=yesterday',
    '/orders?createdFrom=2026-11-22',
    '/orders?createdFrom=2026-11-22T10:00:00',
    '/orders?createdTo=2026-02-30T00:00:00Z',
    '/orders?createdTo=0000-12-31T00:00:00Z',
    '/orders?createdFrom=2026-11-23T00:00:00Z&createdTo=2026-11-22T23:59:59Z',
    '/orders?minTotalMinor=-1',
    '/orders?minTotalMinor=1.5',
    '/orders?maxTotalMinor=x',
    '/orders?maxTotalMinor=',
    '/orders?maxTotalMinor=9007199254740993',
    '/orders?minTotalMinor=2&maxTotalMinor=1',
  ])('%s is a bad query', async (path) => {
    await expectProblem(await fetch(system.apiUrl + path), 400, 'INVALID_PARAMETER')
  })

  it('with a wrong version of an order’s events is a bad query', async () => {
    const { id } = await system.api.place()
    for (const version of ['0', '-1', 'x', '1.5', '']) {
      await expectProblem(
        await fetch(`${system.apiUrl}/orders/${id}/events?asOfVersion=${version}`),
        400,
        'INVALID_PARAMETER',
      )
    }
  })

  it('never ends in a 5xx, whatever bytes it is made of', async () => {
    const bytes = [
      '\u0000',
      '{"__proto__":{"a":1}}',
      '['.repeat(20_000),
      '"\\ud800"',
      '1e999',
      '{"lines":{"length":1}}',
    ]
    for (const body of bytes) expect((await raw(body, json)).status).toBeLessThan(500)
    const status = await new Promise((resolve, reject) => {
      const { port } = new URL(system.apiUrl)
      const request = rawRequest(
        { port, host: '127.0.0.1', path: '/orders?%ff%00', method: 'GET' },
        (response) => {
          response.resume()
          resolve(response.statusCode)
        },
      )
      request.on('error', reject).end()
    })
    expect(status).toBe(400)
  })
})

/** What PostgreSQL cannot store as text. */
const UNSTORABLE = [
  { what: 'a NUL', bad: 'a\u0000b', encoded: 'a%00b' },
  { what: 'a lone high surrogate', bad: 'a\uD800b', encoded: 'a%ED%A0%80b' },
  { what: 'a lone low surrogate', bad: 'a\uDC00b', encoded: 'a%ED%B0%80b' },
]
const NO_ID = '01a00000-0000-7000-8000-000000000000'

/** A copy of `value` in which the text that an RFC 6901 pointer names is another. */
function withTextAt(value: unknown, pointer: string, other: string): unknown {
  const [, name = '', ...rest] = pointer.split('/')
  const copy = structuredClone(value) as Record<string, unknown>
  copy[name] = rest.length === 0 ? other : withTextAt(copy[name], `/${rest.join('/')}`, other)
  return copy
}

describe.each(UNSTORABLE)('$what in a text from a client', ({ bad, encoded }) => {
  const money = { amountMinor: 1, currency: 'EUR' }
  const reason = 'because'
  it.each<[string, object, string, string[]]>([
    [
      '/orders',
      orderBody(),
      'INVALID_ORDER',
      [
        '/customerId',
        '/currency',
        '/lines/0/sku',
        '/paymentMethod',
        '/shipping/service',
        ...['name', 'line1', 'city', 'postalCode', 'country'].map((name) => `/shipping/address/${name}`),
      ],
    ],
    [
      '/transfers',
      { sourceAccountId: 'a', destinationAccountId: 'b', ...money },
      'INVALID_TRANSFER',
      ['/sourceAccountId', '/destinationAccountId', '/currency'],
    ],
    [
      '/accounts',
      { id: 'a', ownerId: 'b', currency: 'EUR' },
      'INVALID_ACCOUNT',
      ['/id', '/ownerId', '/currency'],
    ],
    ['/accounts/a/deposit', { ...money, expectedVersion: 1 }, 'INVALID_REQUEST', ['/currency']],
    ...[`/orders/${NO_ID}/cancel`, `/transfers/${NO_ID}/cancel`].map(
      (path): [string, object, string, string[]] => [path, { reason }, 'INVALID_REQUEST', ['/reason']],
    ),
    ...['retry', 'skip'].map((action): [string, object, string, string[]] => [
      `/operations/orders/${NO_ID}/${action}`,
      { step: 'chargePayment', reason },
      'INVALID_REQUEST',
      ['/step', '/reason'],
    ]),
    [
      '/operations/parked/retry',
      { filter: { step: 'chargePayment', errorClass: 'TIMEOUT' }, reason },
      'INVALID_REQUEST',
      ['/filter/step', '/filter/errorClass', '/reason'],
    ],
    ...['reprocess', 'discard'].map((action): [string, object, string, string[]] => [
      `/operations/dead-letters/${NO_ID}/${action}`,
      { reason },
      'INVALID_REQUEST',
      ['/reason'],
    ]),
    [
      '/operations/dead-letters/reprocess',
      { filter: { consumer: 'sales', streamId: 'order-a', cause: 'OTHER', type: 'OrderPlaced' }, reason },
      'INVALID_REQUEST',
      ['/filter/consumer', '/filter/streamId', '/filter/cause', '/filter/type', '/reason'],
    ],
    ['/operations/dead-letters/reprocess', { ids: [NO_ID] }, 'INVALID_REQUEST', ['/ids/0']],
  ])('is a fault of that text alone, in a body for %s', async (path, body, code, texts) => {
    for (const pointer of texts) {
      const answer = await system.api.post(path, withTextAt(body, pointer, bad), {
        'idempotency-key': randomUUID(),
      })
      expect([pointer, pointers(await expectProblem(answer, 422, code))]).toEqual([pointer, [pointer]])
    }
  })

  it.each([
    '/orders?customerId=',
    '/orders?status=',
    '/orders?reasonCode=',
    '/orders?step=',
    '/orders?createdFrom=',
    '/orders?createdTo=',
    '/orders?minTotalMinor=',
    '/orders?maxTotalMinor=',
    '/orders?cursor=',
    '/products?cursor=',
    `/orders/${NO_ID}?asOf=`,
    `/orders/${NO_ID}/events?asOfVersion=`,
    '/accounts/a?asOf=',
    '/operations/parked?step=',
    '/operations/parked?errorClass=',
    '/operations/parked?cursor=',
    '/operations/dead-letters?consumer=',
    '/operations/dead-letters?streamId=',
    '/operations/dead-letters?cause=',
    '/operations/dead-letters?type=',
    '/operations/dead-letters?cursor=',
    '/reports/orders?customerId=',
    '/reports/orders?sku=',
    '/reports/orders?cursor=',
    '/reports/sales?sku=',
    '/reports/sales?from=',
    '/reports/stock?minVersion=1&orderId=',
    '/customers/a/orders?cursor=',
    '/orders?',
  ])('is a bad parameter in %s', async (path) => {
    const values = path.endsWith('cursor=')
      ? [encoded, decodeBytes(encoded).toString('base64url')]
      : [encoded]
    for (const value of values)
      await expectProblem(await fetch(system.apiUrl + path + value), 400, 'INVALID_PARAMETER')
  })

  it.each([
    '/orders/?',
    '/orders/?/events',
    '/orders/?/stream',
    '/products/?',
    '/transfers/?',
    '/transfers/?/events',
    '/accounts/?',
    '/accounts/?/events',
    '/operations/dead-letters/?',
    '/operations/retries/?',
    '/problems/?',
  ])('is in no path: %s', async (path) => {
    expect((await fetch(system.apiUrl + path.replace('?', encoded))).status).toBe(404)
  })

  it('is in no customer that anything is known of', async () => {
    for (const list of ['loyalty', 'orders'])
      expect((await fetch(`${system.apiUrl}/customers/${encoded}/${list}`)).status).toBeLessThan(500)
  })
})

/** The bytes of a percent-encoded text, which need not be UTF-8. */
const decodeBytes = (encoded: string): Buffer =>
  Buffer.from(
    encoded.replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )

describe('cancelling', () => {
  it('takes a reason, which stays with the order’s row and reaches neither its events nor its workflow', async () => {
    const { id } = await system.api.place()
    const answer = await system.api.cancel(id, 'Moved to Nowhere Street 5')
    expect(answer.status).toBe(202)
    const told = JSON.stringify([await system.api.events(id), await system.api.history(id)])
    expect(told).not.toContain('Nowhere')
    expect(await system.db.saga.findUnique({ where: { id } })).toMatchObject({
      cancelNote: 'Moved to Nowhere Street 5',
    })
  })

  it('refuses a reason that is none', async () => {
    const { id } = await system.api.place()
    const bad = [
      { reason: '' },
      { reason: 'x'.repeat(501) },
      { why: 'x' },
      { reason: '4111-1111-1111-1111' },
      [],
    ]
    for (const body of bad) {
      await expectProblem(await system.api.post(`/orders/${id}/cancel`, body), 422, 'INVALID_REQUEST')
    }
  })
})

/** All pages of a list, two items each. */
async function pagesOf<Page extends object, Item>(
  path: string,
  itemsOf: (page: Page) => Item[],
): Promise<Item[][]> {
  const pages: Item[][] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: Page & { nextCursor: string | null } = await system.api.get(
      `${path}?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
    )
    pages.push(itemsOf(page))
    cursor = page.nextCursor
  }
  return pages
}

describe('reading', () => {
  it('lists orders newest first, a page at a time, by customer and status', async () => {
    const placed: string[] = []
    for (let n = 0; n < 5; n += 1) placed.push((await system.api.place({ customerId: 'cus_pager' })).id)
    const pages: string[][] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`
      const page: { data: Order[]; nextCursor: string | null } = await system.api.get(
        `/orders?customerId=cus_pager&limit=2${query}`,
      )
      pages.push(page.data.map(({ id }) => id))
      cursor = page.nextCursor
    }
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1])
    expect(pages.flat()).toEqual(placed.toReversed())
    const completed = await system.api.get<{ data: Order[] }>('/orders?customerId=cus_pager&status=completed')
    expect(completed).toEqual({ data: [], nextCursor: null })
  })

  it('shows the catalogue, with what is available, reserved and sold', async () => {
    const { data } = await system.api.get<{ data: { sku: string }[] }>('/products?limit=100')
    expect(data).toHaveLength(25)
    expect(await system.api.product('LAST-001')).toEqual({
      sku: 'LAST-001',
      name: 'Teapot, limited edition',
      currency: 'EUR',
      priceMinor: 4900,
      active: true,
      kind: 'physical',
      available: 10,
      reserved: 0,
      sold: 0,
    })
  })

  it('knows no points of an unknown customer', async () => {
    expect(await system.api.loyalty('nobody')).toEqual({ balance: 0, entries: [], nextCursor: null })
    expect(await system.api.loyalty('%00')).toEqual({ balance: 0, entries: [], nextCursor: null })
  })

  it('shows no history of an order whose workflow has not started', async () => {
    // Written in one database transaction, so that no sweep finds the start in between.
    const id = await system.db.$transaction(
      async (db) => {
        const placed = await placeOrderRow(db as Database)
        await db.sagaStart.deleteMany({ where: { sagaId: placed } })
        return placed
      },
      { timeout: 20_000 },
    )
    expect(await system.api.history(id)).toEqual({ events: [] })
  })

  it('says so when Temporal keeps the history of an order no longer', async () => {
    const id = await writeOrder(system.db, 'completed')
    await expectProblem(await fetch(`${system.apiUrl}/orders/${id}/history`), 404, 'HISTORY_NOT_KEPT')
  })

  it('shows events and points a page at a time, in their order', async () => {
    const customerId = 'cus_points'
    const ids = [
      await writeOrder(system.db, 'completed', { customerId }),
      await writeOrder(system.db, 'cancelled', { customerId }),
    ]
    const path = `/orders/${ids[0]}/events`
    const events = await pagesOf(path, ({ data }: { data: OrderEvent[] }) => data)
    expect(events.length).toBeGreaterThan(1)
    expect(events.flat()).toEqual((await system.api.get<{ data: OrderEvent[] }>(path)).data)
    const { balance, entries } = await system.api.loyalty(customerId)
    expect([balance, entries.map(({ kind }) => kind)]).toEqual([15, ['awarded', 'awarded', 'revoked']])
    const points = await pagesOf(`/customers/${customerId}/loyalty`, (page: Loyalty) => {
      expect(page.balance).toBe(balance)
      return page.entries
    })
    expect(points).toHaveLength(2)
    expect(points.flat()).toEqual(entries)
  })

  it.each(['/products', '/livez', '/operations/stream'])(
    'answers HEAD %s as it would GET, without a body',
    async (path) => {
      const response = await fetch(system.apiUrl + path, { method: 'HEAD' })
      expect([response.status, await response.text()]).toEqual([200, ''])
      expect(response.headers.get('content-type')).toMatch(/^(application\/json|text\/event-stream)/)
    },
  )

  it.each(['/orders', '/transfers', '/operations/parked/retry', '/operations/projections/sales/rebuild'])(
    'refuses an unknown query parameter also of POST %s',
    async (path) => {
      const response = await system.api.post(
        `${path}?step=chargePayment`,
        {},
        { 'idempotency-key': randomUUID() },
      )
      await expectProblem(response, 400, 'INVALID_PARAMETER')
    },
  )

  it('shows what there is so far of a workflow that is just being started', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, async () => (await system.api.place()).id))
    const histories = await Promise.all(ids.map((id) => system.api.history(id)))
    expect(histories.every(({ events }) => Array.isArray(events))).toBe(true)
  })

  it('is alive, ready, and documents itself', async () => {
    expect(await system.api.get('/livez')).toEqual({ status: 'alive' })
    expect(await system.api.get('/readyz')).toEqual({ status: 'ready' })
    const document = await system.api.get<{ openapi: string; paths: Record<string, unknown> }>(
      '/openapi.json',
    )
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/orders', '/orders/{id}', '/orders/{id}/cancel']),
    )
    const page = await fetch(`${system.apiUrl}/docs/`)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    const script = await fetch(`${system.apiUrl}/docs/swagger-ui-init.js`)
    expect(await script.text()).toContain('"swaggerUrl": "/openapi.json"')
  })
})
