import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeApiKey } from '../../api-key.ts'
import { accessTo, isAllowed, nameOf } from '../../api/identity/access.ts'
import { ROLES, type Principal, type Role } from '../../api/identity/principal.ts'
import { describedEndpoints } from '../../stack/api-document.ts'
import fc from 'fast-check'
import { isWholeMatrix } from '../harness/matrix.ts'
import { orderBody } from '../harness/api-client.ts'
import { until } from '../harness/poll.ts'
import { served } from '../harness/served.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

/** For each operation. */
const FUZZED = isWholeMatrix ? 200 : 5

const bootstrap = makeApiKey()
let system: System
beforeAll(async () => {
  system = await startSystem({
    workers: false,
    events: true,
    identity: { bootstrapKey: bootstrap.key, refusalsAMinute: 100_000 },
  })
})
afterAll(() => system.close())

interface Sent {
  key?: string | undefined
  body?: unknown
  headers?: Record<string, string>
}

const callOnce = (name: string, { key, body, headers = {} }: Sent = {}) => {
  const [method = '', path = ''] = name.split(' ')
  return fetch(system.apiUrl + path, {
    method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'manual',
  })
}

const call = (name: string, sent?: Sent) => served('an answer', () => callOnce(name, sent))

const asAdmin = (name: string, sent: Sent = {}) => call(name, { key: bootstrap.key, ...sent })
const codeOf = async (response: Response) => ((await response.json()) as { code?: string }).code
const answerOf = async (response: Response) => [response.status, await codeOf(response)]
const idIn = async (response: Response) => ((await response.json()) as { id: string }).id

interface NewKey {
  id: string
  key: string
}

/** A word that nobody had: no digits, of which some would look like the number of a card. */
const unique = () => randomUUID().replaceAll(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)))

async function makeKey(roles: Role[], more: object = {}): Promise<NewKey> {
  const customer = roles.includes('customer') ? { customerId: `cus_${unique()}` } : {}
  const body = { name: unique(), roles, ...customer, ...more }
  const response = await asAdmin('POST /keys', { body })
  expect(response.status).toBe(201)
  return (await response.json()) as NewKey
}

const place = (key: string, wishes = {}) =>
  call('POST /orders', { key, body: orderBody(wishes), headers: { 'idempotency-key': randomUUID() } })

const entries = async (query: string) => {
  const response = await asAdmin(`GET /operations/audit?limit=100&${encodeURI(query)}`)
  return ((await response.json()) as { data: { [field: string]: string | null }[] }).data
}

describe('every operation', () => {
  const endpoints = describedEndpoints()
  const pathOf = (path: string) =>
    path.replace('{sku}', 'NONE-1').replaceAll(/\{\w+\}/g, '01a00000-0000-7000-8000-000000000000')
  const namesOf = (path: string, method: string) => `${method.toUpperCase()} ${pathOf(path)}`

  it('asks nobody for nothing: without a credential it is answered with 401, unless everyone may', async () => {
    for (const endpoint of endpoints) {
      const response = await call(namesOf(endpoint.path, endpoint.method))
      const isForEveryone = accessTo(endpoint) === 'everyone'
      expect([nameOf(endpoint), response.status === 401]).toEqual([nameOf(endpoint), !isForEveryone])
      if (isForEveryone) continue
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      expect(response.headers.get('cache-control')).toBe('no-store')
    }
  })

  it.each(ROLES)('is carried out for the role %s exactly where the table says so', async (role) => {
    const { key } = await makeKey([role])
    const principal: Principal = { subject: 'x', roles: [role], customerId: 'x' }
    for (const endpoint of endpoints.filter((each) => !each.path.startsWith('/session'))) {
      const { path, method } = endpoint
      // A body that is refused: what is asked for is not to be done. A customer has its share of changes alone.
      const response = await until('an answer', async () => {
        const answered = await call(namesOf(path, method), { key, ...(method === 'get' ? {} : { body: [] }) })
        await answered.body?.cancel()
        return answered.status === 429 ? undefined : answered
      })
      const isRefused = response.status === 403 || response.status === 401
      expect([nameOf(endpoint), isRefused]).toEqual([
        nameOf(endpoint),
        !isAllowed(accessTo(endpoint), principal),
      ])
    }
  })

  it('and what there is not at all is told to who is known alone', async () => {
    for (const name of ['GET /nothing', 'GET /orders/', 'PATCH /orders', 'POST /development/nothing']) {
      expect([name, (await call(name)).status]).toEqual([name, 401])
      expect([name, (await asAdmin(name)).status]).toEqual([name, name.startsWith('PATCH') ? 405 : 404])
    }
    for (const path of ['/livez', '/readyz', '/openapi.json', '/docs/', '/problems/forbidden'])
      expect([path, (await call(`GET ${path}`)).status]).toEqual([path, 200])
  })

  it('is closed to credentials that are not right, whatever they look like', async () => {
    const revoked = await makeKey(['admin'])
    await asAdmin(`DELETE /keys/${revoked.id}`)
    const stranger = makeApiKey().key
    const wrong = [
      '',
      'Bearer',
      'Bearer ',
      'bearer x',
      `Basic ${Buffer.from(`admin:${bootstrap.key}`).toString('base64')}`,
      bootstrap.key,
      `Bearer ${bootstrap.key} ${bootstrap.key}`,
      `Bearer ${bootstrap.key.slice(0, -1)}`,
      `Bearer ${bootstrap.key}A`,
      `Bearer os_${bootstrap.id}_${stranger.split('_').slice(2).join('_')}`,
      `Bearer ${stranger}`,
      `Bearer ${revoked.key}`,
      `Bearer ${bootstrap.key.toUpperCase()}`,
      'Bearer os_',
      `Bearer os_${'x'.repeat(5000)}`,
      `Bearer os_${bootstrap.id}_%00`,
      'Bearer eyJhbGciOiJub25lIn0.eyJyb2xlcyI6WyJhZG1pbiJdfQ.',
      'Bearer null',
    ]
    const before = await system.db.auditEntry.count({ where: { subject: { not: 'nobody' } } })
    for (const authorization of wrong) {
      for (const endpoint of endpoints.filter((each) => accessTo(each) !== 'everyone')) {
        const name = namesOf(endpoint.path, endpoint.method)
        const response = await call(name, { headers: { authorization } })
        await response.body?.cancel()
        expect([authorization, name, response.status]).toEqual([authorization, name, 401])
      }
    }
    // Nothing was done in anybody's name.
    expect(await system.db.auditEntry.count({ where: { subject: { not: 'nobody' } } })).toBe(before)
  })
})

/** A key with something changed, or anything else that a header can hold. */
const wrongCredential = fc.oneof(
  fc.nat(bootstrap.key.length - 1).map((at) => {
    const other = bootstrap.key.charAt(at) === 'A' ? 'B' : 'A'
    return `Bearer ${bootstrap.key.slice(0, at)}${other}${bootstrap.key.slice(at + 1)}`
  }),
  fc.nat(bootstrap.key.length - 1).map((at) => `Bearer ${bootstrap.key.slice(0, at)}`),
  fc.base64String({ maxLength: 500 }).map((text) => `Bearer os_${bootstrap.id}_${text}`),
  fc
    .tuple(fc.json(), fc.json(), fc.base64String())
    .map(([head, body, signature]) => `Bearer ${base64url(head)}.${base64url(body)}.${base64url(signature)}`),
  fc.stringMatching(/^[\x21-\x7e]{1,60}$/),
)
const base64url = (text: string) => Buffer.from(text).toString('base64url')

it(`no operation is carried out for any of ${FUZZED} credentials that are nearly right`, async () => {
  const endpoints = describedEndpoints().filter((endpoint) => accessTo(endpoint) !== 'everyone')
  const tables = () =>
    system.admin.$queryRaw`SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM api_keys)
      + (SELECT count(*) FROM operator_actions) AS rows`
  const before = await tables()
  for (const [at, endpoint] of endpoints.entries()) {
    const path = endpoint.path.replaceAll(/\{\w+\}/g, '01a00000-0000-7000-8000-000000000000')
    const credentials = fc.sample(wrongCredential, { seed: at, numRuns: FUZZED })
    const answers = await Promise.all(
      credentials.map((authorization) =>
        call(`${endpoint.method.toUpperCase()} ${path}`, { headers: { authorization } }),
      ),
    )
    const read = await Promise.all(answers.map((answer) => answer.text()))
    expect([nameOf(endpoint), new Set(answers.map(({ status }) => status))]).toEqual([
      nameOf(endpoint),
      new Set([401]),
    ])
    expect(read.every((text) => text.includes('"UNAUTHENTICATED"'))).toBe(true)
  }
  expect(await tables()).toEqual(before)
})

describe('a customer', () => {
  let alice: NewKey & { customerId: string }
  let bob: NewKey & { customerId: string }
  let aliceOrder: string
  let bobOrder: string
  beforeAll(async () => {
    alice = (await makeKey(['customer'])) as typeof alice
    bob = (await makeKey(['customer'])) as typeof bob
    aliceOrder = await idIn(await place(alice.key, { customerId: alice.customerId }))
    bobOrder = await idIn(await place(bob.key, { customerId: bob.customerId }))
  })

  it('places orders of its own, whether it says whose they are or not, and none for another', async () => {
    const { customerId: _, ...body } = orderBody()
    const headers = { 'idempotency-key': randomUUID() }
    const placed = await call('POST /orders', { key: alice.key, body, headers })
    expect([placed.status, await placed.json()]).toMatchObject([202, { customerId: alice.customerId }])
    expect(await answerOf(await place(alice.key, { customerId: bob.customerId }))).toEqual([403, 'FORBIDDEN'])
    const { key } = await makeKey(['operator'])
    const forNobody = await call('POST /orders', { key, body, headers: { 'idempotency-key': randomUUID() } })
    expect([forNobody.status, await forNobody.json()]).toMatchObject([
      422,
      { code: 'INVALID_ORDER', errors: [{ pointer: '/customerId' }] },
    ])
  })

  it.each(['', '/events', '/stream', '/history'])(
    'sees its own order%s, and of another’s that there is none',
    async (part) => {
      const own = await call(`GET /orders/${aliceOrder}${part}`, { key: alice.key })
      await own.body?.cancel()
      expect(own.status).toBe(200)
      const other = await call(`GET /orders/${bobOrder}${part}`, { key: alice.key })
      const none = await call(`GET /orders/${randomUUID()}${part}`, { key: alice.key })
      expect([other.status, { ...((await other.json()) as object), requestId: '' }]).toEqual([
        404,
        { ...((await none.json()) as object), requestId: '' },
      ])
    },
  )

  it('lists its own orders alone, whatever it asks for', async () => {
    const ids = async (query: string, key: string) => {
      const response = await call(`GET /orders?limit=100${query}`, { key })
      return ((await response.json()) as { data: { id: string; customerId: string }[] }).data
    }
    const own = await ids('', alice.key)
    expect(own.map(({ id }) => id)).toContain(aliceOrder)
    expect(new Set(own.map(({ customerId }) => customerId))).toEqual(new Set([alice.customerId]))
    expect(await ids(`&customerId=${bob.customerId}`, alice.key)).toEqual([])
    expect((await ids(`&status=pending`, alice.key)).map(({ id }) => id)).not.toContain(bobOrder)
    expect((await ids('', bootstrap.key)).map(({ id }) => id)).toEqual(
      expect.arrayContaining([aliceOrder, bobOrder]),
    )
  })

  it('cancels its own order, and not another’s', async () => {
    expect((await call(`POST /orders/${bobOrder}/cancel`, { key: alice.key })).status).toBe(404)
    const mine = await idIn(await place(alice.key, { customerId: alice.customerId }))
    expect((await call(`POST /orders/${mine}/cancel`, { key: alice.key })).status).toBe(202)
    const events = await system.db.event.findMany({
      where: { streamId: `order-${mine}` },
      orderBy: { version: 'desc' },
    })
    const wished = events.find(({ data }) => 'by' in Object(data))
    expect(wished?.data).toMatchObject({ by: expect.stringMatching(/^key:/) as string })
  })

  it('sends its own order back, sees that, and neither decides on it nor sees another’s', async () => {
    const ask = async (key: string, orderId: string) =>
      call(`POST /orders/${orderId}/returns`, {
        key,
        body: { reason: 'It leaks.' },
        headers: { 'idempotency-key': randomUUID() },
      })
    // There is no worker here.
    await system.admin.$transaction(async (db) => {
      await db.$executeRawUnsafe('SET LOCAL session_replication_role = replica')
      await db.saga.updateMany({
        where: { id: { in: [aliceOrder, bobOrder] } },
        data: { status: 'completed' },
      })
    })
    expect(await answerOf(await ask(alice.key, bobOrder))).toEqual([404, 'ORDER_NOT_FOUND'])
    const viewer = await makeKey(['viewer'])
    expect(await answerOf(await ask(viewer.key, bobOrder))).toEqual([403, 'FORBIDDEN'])
    const [mine, theirs] = [
      await idIn(await ask(alice.key, aliceOrder)),
      await idIn(await ask(bob.key, bobOrder)),
    ]
    for (const part of ['', '/events']) {
      expect((await call(`GET /returns/${mine}${part}`, { key: alice.key })).status).toBe(200)
      expect(await answerOf(await call(`GET /returns/${theirs}${part}`, { key: alice.key }))).toEqual([
        404,
        'RETURN_NOT_FOUND',
      ])
    }
    expect((await call(`GET /orders/${aliceOrder}/returns`, { key: alice.key })).status).toBe(200)
    expect((await call(`GET /orders/${bobOrder}/returns`, { key: alice.key })).status).toBe(404)
    const body = { reason: 'Looked at.' }
    for (const { key } of [alice, viewer])
      expect((await call(`POST /operations/returns/${mine}/approve`, { key, body })).status).toBe(403)
    expect((await call('GET /operations/returns', { key: alice.key })).status).toBe(403)
    const operator = await makeKey(['operator'])
    expect((await call(`POST /operations/returns/${mine}/approve`, { key: operator.key, body })).status).toBe(
      200,
    )
  })

  it.each(['loyalty', 'orders'])('sees its own %s, and no other customer’s', async (what) => {
    expect((await call(`GET /customers/${alice.customerId}/${what}`, { key: alice.key })).status).toBe(200)
    expect((await call(`GET /customers/${bob.customerId}/${what}`, { key: alice.key })).status).toBe(404)
  })

  it('sees its own accounts, and moves money out of these alone', async () => {
    const open = async (ownerId: string) => {
      const body = { ownerId, currency: 'EUR', openingBalanceMinor: 1000 }
      return idIn(await asAdmin('POST /accounts', { body }))
    }
    const [mine, theirs] = [await open(alice.customerId), await open(bob.customerId)]
    const listed = (await (await call('GET /accounts', { key: alice.key })).json()) as {
      data: { id: string }[]
    }
    expect(listed.data.map(({ id }) => id)).toEqual([mine])
    for (const part of ['', '/events']) {
      expect((await call(`GET /accounts/${mine}${part}`, { key: alice.key })).status).toBe(200)
      expect((await call(`GET /accounts/${theirs}${part}`, { key: alice.key })).status).toBe(404)
    }
    const transfer = (source: string, destination: string, key = alice.key) =>
      call('POST /transfers', {
        key,
        body: { sourceAccountId: source, destinationAccountId: destination, amountMinor: 1, currency: 'EUR' },
        headers: { 'idempotency-key': randomUUID() },
      })
    expect(await answerOf(await transfer(theirs, mine))).toEqual([403, 'FORBIDDEN'])
    expect(await answerOf(await transfer('acc_none', mine))).toEqual([403, 'FORBIDDEN'])
    const sent = await idIn(await transfer(mine, theirs))
    const received = await idIn(await transfer(theirs, mine, bootstrap.key))
    const transfers = async (query = '') => {
      const response = await call(`GET /transfers?limit=100${query}`, { key: alice.key })
      return ((await response.json()) as { data: { id: string }[] }).data.map(({ id }) => id)
    }
    expect([
      await transfers(),
      await transfers(`&accountId=${theirs}`),
      await transfers('&status=pending'),
    ]).toEqual([[sent], [sent], [sent]])
    for (const part of ['', '/events']) {
      expect((await call(`GET /transfers/${sent}${part}`, { key: alice.key })).status).toBe(200)
      expect((await call(`GET /transfers/${received}${part}`, { key: alice.key })).status).toBe(404)
    }
    expect((await call(`POST /transfers/${received}/cancel`, { key: alice.key })).status).toBe(404)
    expect((await call(`POST /transfers/${sent}/cancel`, { key: alice.key })).status).toBe(202)
  })

  it('has what is personal of itself erased, and of nobody else, also where it is of the staff below admin', async () => {
    const [own, other] = [`cus_${randomUUID()}`, `cus_${randomUUID()}`]
    const erase = (key: string, customerId: string) =>
      call(`DELETE /customers/${customerId}/personal-data`, { key, body: { reason: 'asked for' } })
    const customer = await makeKey(['customer'], { customerId: own })
    const clerk = await makeKey(['customer', 'treasurer'], { customerId: own })
    for (const { key } of [customer, clerk]) {
      expect(await answerOf(await erase(key, other))).toEqual([404, 'NOT_FOUND'])
      expect((await erase(key, own)).status).toBe(202)
    }
    const treasurer = await makeKey(['treasurer'])
    expect(await answerOf(await erase(treasurer.key, own))).toEqual([403, 'FORBIDDEN'])
    expect(await system.db.erasure.findMany()).toMatchObject([{ customerId: own }])
    expect((await erase(bootstrap.key, other)).status).toBe(202)
  })

  it('that is a viewer, too, sees everything and acts for itself alone', async () => {
    const both = (await makeKey(['customer', 'viewer'])) as typeof alice
    expect((await call(`GET /orders/${bobOrder}`, { key: both.key })).status).toBe(200)
    expect((await place(both.key, { customerId: both.customerId })).status).toBe(202)
    expect(await answerOf(await place(both.key, { customerId: bob.customerId }))).toEqual([403, 'FORBIDDEN'])
    expect((await call(`POST /orders/${bobOrder}/cancel`, { key: both.key })).status).toBe(404)
    const body = {
      id: `acc-${unique()}`,
      ownerId: bob.customerId,
      currency: 'EUR',
      openingBalanceMinor: 1000,
    }
    await asAdmin('POST /accounts', { body })
    const transfer = {
      sourceAccountId: body.id,
      destinationAccountId: 'acc_mine',
      amountMinor: 1,
      currency: 'EUR',
    }
    const headers = { 'idempotency-key': randomUUID() }
    const sent = await call('POST /transfers', { key: both.key, body: transfer, headers })
    expect(await answerOf(sent)).toEqual([403, 'FORBIDDEN'])
    const theirs = await idIn(await asAdmin('POST /transfers', { body: transfer, headers }))
    expect((await call(`POST /transfers/${theirs}/cancel`, { key: both.key })).status).toBe(404)
  })

  it('learns of no order of another, nor that there is one', async () => {
    const about = (id: string) =>
      call(`GET /customers/${alice.customerId}/orders?minVersion=1&orderId=${id}`, { key: alice.key })
    expect([(await about(bobOrder)).status, (await about(randomUUID())).status]).toEqual([404, 404])
  })

  it('makes no more than its share of changes in a second, and is told how much is left', async () => {
    const { key } = await makeKey(['customer'])
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => call('POST /orders', { key, body: [] })),
    )
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]?.headers.get('retry-after')).toBe('1')
    expect(answers[0]?.headers.get('ratelimit-policy')).toContain('"changes"; q=20; w=1')
    // The same number of anybody else's is not too much.
    const others = await Promise.all(Array.from({ length: 60 }, () => asAdmin('POST /orders', { body: [] })))
    expect(new Set(others.map(({ status }) => status))).toEqual(new Set([400]))
  })
})

describe('a key', () => {
  it('is shown once, and stored as a hash alone', async () => {
    const { id, key } = await makeKey(['viewer'])
    const list = await (await asAdmin('GET /keys')).text()
    expect(list).toContain(id)
    const secret = key.split('_').slice(2).join('_')
    expect(list).not.toContain(secret)
    const rows = await system.admin.$queryRaw`SELECT k::text AS row FROM api_keys k`
    expect(JSON.stringify(rows)).not.toContain(secret)
    expect((await call('GET /me', { key })).status).toBe(200)
    await until('its use to be noted', async () =>
      (await system.db.apiKey.findUniqueOrThrow({ where: { id } })).lastUsedAt === null ? undefined : true,
    )
  })

  it('that is revoked serves nobody after a few seconds, also who watches a stream, and may be revoked again', async () => {
    const { id, key } = await makeKey(['viewer'])
    const stream = await call('GET /operations/stream', { key })
    expect(stream.status).toBe(200)
    const ended = stream.text().then(
      () => true,
      () => true,
    )
    expect((await asAdmin(`DELETE /keys/${id}`)).status).toBe(204)
    expect((await asAdmin(`DELETE /keys/${id}`)).status).toBe(204)
    expect(await ended).toBe(true)
    expect(await answerOf(await call('GET /me', { key }))).toEqual([401, 'UNAUTHENTICATED'])
    expect((await asAdmin('DELETE /keys/none')).status).toBe(404)
  })

  it('that expires serves nobody from then on, and none is made that has expired', async () => {
    const past = new Date(Date.now() - 60_000).toISOString()
    const body = { name: unique(), roles: ['viewer'], expiresAt: past }
    const refused = await asAdmin('POST /keys', { body })
    expect([refused.status, await refused.json()]).toMatchObject([
      422,
      { code: 'INVALID_KEY', errors: [{ pointer: '/expiresAt' }] },
    ])
    const { id, key } = await makeKey(['viewer'], {
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    })
    expect((await call('GET /me', { key })).status).toBe(200)
    await system.admin.$executeRaw`UPDATE api_keys SET expires_at = clock_timestamp() WHERE id = ${id}`
    await until('the key to have expired', async () =>
      (await call('GET /me', { key })).status === 401 ? true : undefined,
    )
  })

  it('that takes over from another is the same client: its idempotency keys stay its own', async () => {
    const name = unique()
    const customer = { name, customerId: `cus_${name}` }
    const [first, second] = [await makeKey(['customer'], customer), await makeKey(['customer'], customer)]
    const headers = { 'idempotency-key': randomUUID() }
    const body = orderBody({ customerId: customer.customerId })
    const placed = await call('POST /orders', { key: first.key, body, headers })
    const again = await call('POST /orders', { key: second.key, body, headers })
    expect([again.status, again.headers.get('idempotent-replayed'), await idIn(again)]).toEqual([
      202,
      'true',
      await idIn(placed),
    ])
    const other = await makeKey(['operator'])
    const others = await call('POST /orders', { key: other.key, body, headers })
    expect(others.headers.get('idempotent-replayed')).toBeNull()
  })

  it('has no name of another client: with other roles while that one lives, of another customer ever', async () => {
    const name = unique()
    const wish = (more: object) => asAdmin('POST /keys', { body: { name, ...more } })
    const { id } = await makeKey(['viewer'], { name })
    expect(await answerOf(await wish({ roles: ['admin'] }))).toEqual([409, 'KEY_NAME_TAKEN'])
    expect(await answerOf(await wish({ roles: ['customer'], customerId: 'cus_x' }))).toEqual([
      409,
      'KEY_NAME_TAKEN',
    ])
    expect((await wish({ roles: ['viewer', 'viewer'] })).status).toBe(201)
    await system.admin.$executeRaw`UPDATE api_keys SET revoked_at = now() WHERE name = ${name}`
    expect((await wish({ roles: ['admin'] })).status).toBe(201)
    expect(await answerOf(await wish({ roles: ['customer'], customerId: 'cus_x' }))).toEqual([
      409,
      'KEY_NAME_TAKEN',
    ])
    expect(
      await answerOf(await asAdmin('POST /keys', { body: { name: 'bootstrap', roles: ['viewer'] } })),
    ).toEqual([409, 'KEY_NAME_TAKEN'])
    expect(id).not.toBe('')
  })

  it.each([
    {},
    { name: 'x' },
    { name: 'x', roles: [] },
    { name: 'x', roles: ['root'] },
    { name: 'x', roles: 'admin' },
    { name: '', roles: ['viewer'] },
    { name: 'x', roles: ['customer'] },
    { name: 'x', roles: ['customer'], customerId: '../x' },
    { name: 'x', roles: ['viewer'], expiresAt: 'soon' },
    { name: 'x', roles: ['viewer'], expiresAt: '9999-12-31T23:59:59-12:00' },
    { name: ' x', roles: ['viewer'] },
    { name: 'x\u200b', roles: ['viewer'] },
    { name: 'x', roles: ['viewer'], key: 'os_a_b' },
  ])('is not made of %j', async (body) => {
    expect(await answerOf(await asAdmin('POST /keys', { body }))).toEqual([422, 'INVALID_KEY'])
  })
})

describe('a session', () => {
  const signIn = async (key: string) => {
    const response = await call('POST /session', { body: { key } })
    return { response, cookie: response.headers.get('set-cookie') ?? '' }
  }
  const withCookie = (name: string, cookie: string) =>
    call(name, { headers: { cookie: cookie.split(';')[0] ?? '' } })

  it('stands for the key in a browser, until it is ended there or the key is revoked', async () => {
    const { id, key } = await makeKey(['viewer'])
    const { response, cookie } = await signIn(key)
    expect(response.status).toBe(204)
    expect(cookie).toMatch(/^ordersaga_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/)
    expect(cookie).not.toContain(key)
    expect((await withCookie('GET /me', cookie)).status).toBe(200)
    expect(await answerOf(await withCookie('GET /keys', cookie))).toEqual([403, 'FORBIDDEN'])
    const { cookie: second } = await signIn(key)
    expect((await withCookie('DELETE /session', cookie)).status).toBe(204)
    expect((await withCookie('GET /me', cookie)).status).toBe(401)
    expect((await withCookie('GET /me', second)).status).toBe(200)
    await asAdmin(`DELETE /keys/${id}`)
    await until('the session to end with its key', async () =>
      (await withCookie('GET /me', second)).status === 401 ? true : undefined,
    )
  })

  it('is opened with a living key alone', async () => {
    for (const key of [makeApiKey().key, 'x', `${bootstrap.key}x`])
      expect(await answerOf((await signIn(key)).response)).toEqual([401, 'UNAUTHENTICATED'])
    expect((await withCookie('GET /me', `ordersaga_session=${'A'.repeat(43)}`)).status).toBe(401)
  })
})

describe('the record', () => {
  it('has what staff did: who, what, to what, why, and how it ended', async () => {
    const operator = (await makeKey(['operator'])) as NewKey & { name: string }
    const order = await idIn(await place(bootstrap.key))
    const requestId = randomUUID()
    const body = { reason: 'the customer called' }
    const headers = { 'x-request-id': requestId }
    await call(`POST /orders/${order}/cancel`, { key: operator.key, body, headers })
    await call(`POST /operations/orders/${order}/retry`, { key: operator.key, body, headers })
    expect(await entries(`subject=key:${operator.name}`)).toMatchObject([
      {
        action: 'POST /operations/orders/{id}/retry',
        target: `orders/${order}`,
        reason: 'the customer called',
        outcome: 'ORDER_NOT_PARKED',
        requestId,
      },
      { action: 'POST /orders/{id}/cancel', target: `orders/${order}`, outcome: 'done', requestId },
    ])
  })

  it('has keys that were made and revoked, who signed in, and who was refused, without what was shown', async () => {
    const { id, key, ...made } = (await makeKey(['viewer'])) as NewKey & { name: string }
    await call('POST /session', { body: { key } })
    await asAdmin(`DELETE /keys/${id}`)
    const about = (await entries('')).filter(({ target }) => target?.includes(id))
    expect(about.map(({ subject, action, outcome }) => [subject, action, outcome])).toEqual([
      ['key:bootstrap', 'DELETE /keys/{id}', 'done'],
      [`key:${made.name}`, 'POST /session', 'done'],
      ['key:bootstrap', 'POST /keys', 'done'],
    ])
    await call('GET /orders', { key })
    await until('the refusal to be recorded', async () =>
      (await entries('subject=nobody&action=GET /orders')).some(
        ({ outcome, reason }) => outcome === 'UNAUTHENTICATED' && reason === 'key',
      )
        ? true
        : undefined,
    )
    const everything = JSON.stringify(
      await system.admin.$queryRaw`
      SELECT row_to_json(e)::text, row_to_json(o)::text, row_to_json(r)::text FROM audit_entries e
        LEFT JOIN audit_outcomes o ON o.entry_id = e.id LEFT JOIN audit_reasons r ON r.entry_id = e.id`,
    )
    for (const secret of [key, bootstrap.key])
      expect(everything).not.toContain(secret.split('_').slice(2).join('_'))
  })

  it('is read in pages, newest first, of a subject, an action and a time', async () => {
    const all = await entries('')
    const first = (await (await asAdmin('GET /operations/audit?limit=2')).json()) as {
      data: object[]
      nextCursor: string
    }
    const next = await (await asAdmin(`GET /operations/audit?limit=2&cursor=${first.nextCursor}`)).json()
    expect([...first.data, ...(next as { data: object[] }).data]).toEqual(all.slice(0, 4))
    const [oldest] = all.slice(-1)
    expect(await entries(`to=${oldest?.['at']}`)).not.toHaveLength(0)
    expect(await entries('from=2200-01-01T00:00:00Z')).toEqual([])
    const made = await entries('action=POST /keys')
    expect(new Set(made.map(({ action }) => action))).toEqual(new Set(['POST /keys']))
  })

  it('has no secret in it that was put where it does not belong', async () => {
    const stray = makeApiKey()
    await asAdmin(`DELETE /keys/${stray.key}`, { headers: { 'x-request-id': stray.key } })
    await call(`GET /keys/${stray.key}`)
    await until('the refusal to be recorded', async () =>
      (await entries('subject=nobody')).some(({ target }) => target?.includes(stray.id)) ? true : undefined,
    )
    expect(JSON.stringify(await entries(''))).not.toContain(stray.key.split('_').slice(2).join('_'))
  })

  it('has the orders that an operator places for customers, and not those of customers', async () => {
    const operator = (await makeKey(['operator'])) as NewKey & { name: string }
    const id = await idIn(await place(operator.key))
    expect(await entries(`subject=key:${operator.name}`)).toMatchObject([
      { action: 'POST /orders', target: `orders/${id}`, outcome: 'done' },
    ])
    const customer = (await makeKey(['customer'])) as NewKey & { name: string; customerId: string }
    await place(customer.key, { customerId: customer.customerId })
    expect(await entries(`subject=key:${customer.name}`)).toEqual([])
  })

  it('cannot be changed, not even by the application', async () => {
    for (const statement of ['UPDATE audit_entries SET subject = NULL', 'DELETE FROM audit_outcomes'])
      await expect(system.db.$executeRawUnsafe(statement)).rejects.toThrow(/permission denied/)
  })

  it('holds up what it cannot record', async () => {
    const order = await idIn(await place(bootstrap.key))
    await system.admin.$executeRaw`CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = 'disk_full'; END $$`
    await system.admin.$executeRaw`CREATE TRIGGER full_disk BEFORE INSERT ON audit_entries
      FOR EACH ROW EXECUTE FUNCTION disk_full()`
    const cancelled = await callOnce(`POST /orders/${order}/cancel`, { key: bootstrap.key })
    await system.admin.$executeRaw`DROP TRIGGER full_disk ON audit_entries`
    expect(await answerOf(cancelled)).toEqual([503, 'DEPENDENCY_UNAVAILABLE'])
    expect(await (await asAdmin(`GET /orders/${order}`)).json()).toMatchObject({ status: 'pending' })
  })
})

describe('in open mode', () => {
  let open: System
  beforeAll(async () => {
    open = await startSystem({ workers: false })
  })
  afterAll(() => open.close())
  const me = (headers: Record<string, string> = {}) => fetch(`${open.apiUrl}/me`, { headers })

  it('who shows nothing is the developer, and who shows what is wrong is nobody', async () => {
    expect(await (await me()).json()).toEqual({
      subject: 'developer',
      roles: [...ROLES],
      customerId: null,
      isOpen: true,
    })
    for (const authorization of ['Bearer x', `Bearer ${makeApiKey().key}`, 'Basic eDp5'])
      expect(await answerOf(await me({ authorization }))).toEqual([401, 'UNAUTHENTICATED'])
    const stale = await me({ cookie: `ordersaga_session=${'A'.repeat(43)}` })
    expect(await answerOf(stale)).toEqual([401, 'UNAUTHENTICATED'])
    // A browser forgets it, and is the developer again.
    expect(stale.headers.get('set-cookie')).toMatch(/^ordersaga_session=; .*Max-Age=0/)
  })

  it('nobody comes through a proxy, also behind more headers than are read', async () => {
    expect(await answerOf(await me({ 'x-forwarded-for': '203.0.113.1' }))).toEqual([403, 'FORBIDDEN_PROXY'])
    const many = Object.fromEntries(Array.from({ length: 110 }, (_, n) => [`x-${n}`, 'x']))
    for (const last of ['x-forwarded-for', 'origin', 'authorization'])
      expect(await answerOf(await me({ ...many, [last]: 'https://evil.example' }))).toEqual([
        431,
        'HEADERS_TOO_LARGE',
      ])
  })
})
