import { randomUUID } from 'node:crypto'
import express from 'express'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { orderBody } from '../harness/api-client.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { close, listen } from '../harness/world.ts'

const ISSUER = 'https://issuer.example'

let system: System
let secret: CryptoKey
let issuer: Awaited<ReturnType<typeof listen>>
beforeAll(async () => {
  const pair = await generateKeyPair('ES256')
  secret = pair.privateKey
  const keys = [{ ...(await exportJWK(pair.publicKey)), kid: 'one', use: 'sig' }]
  issuer = await listen(express().get('/jwks', (_request, response) => void response.json({ keys })))
  system = await startSystem({
    workers: false,
    identity: {
      issuer: {
        url: `${issuer.url}/jwks`,
        issuer: ISSUER,
        audience: 'ordersaga',
        rolesClaim: 'roles',
        customerClaim: 'customer_id',
      },
    },
    edge: { origins: ['https://shop.example'] },
  })
})
afterAll(async () => {
  await system.close()
  close(issuer.server)
})

const token = (claims: object, seconds = 300) =>
  new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .setIssuer(ISSUER)
    .setAudience('ordersaga')
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(secret)

const call = async (path: string, bearer: string, body?: object, headers: Record<string, string> = {}) =>
  fetch(system.apiUrl + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${bearer}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

describe('a token of the issuer', () => {
  it('says who asks and what they may', async () => {
    const bearer = await token({ sub: 'ann', roles: ['operator', 'unknown'] })
    const me = await call('/me', bearer)
    expect([me.status, await me.json()]).toEqual([
      200,
      { subject: `jwt:${ISSUER}#ann`, roles: ['operator'], customerId: null, isOpen: false },
    ])
    expect((await call('/operations/parked', bearer)).status).toBe(200)
    expect((await call('/keys', bearer)).status).toBe(403)
  })

  it('without a role of ours is known, and may do nothing', async () => {
    const bearer = await token({ sub: 'guest' })
    expect((await call('/me', bearer)).status).toBe(200)
    expect((await call('/orders', bearer)).status).toBe(403)
    expect((await call('/products', bearer)).status).toBe(403)
    // A customer that is nobody sees nobody's orders.
    expect((await call('/orders', await token({ sub: 'guest', roles: ['customer'] }))).status).toBe(403)
  })

  it('that becomes another customer’s repeats no order of the one before', async () => {
    const { customerId: _, ...body } = orderBody()
    const headers = { 'idempotency-key': randomUUID() }
    const of = (customer_id: string) => token({ sub: 'shop', roles: ['customer'], customer_id })
    const placed = await call('/orders', await of('cus_a'), body, headers)
    expect([placed.status, await placed.json()]).toMatchObject([202, { customerId: 'cus_a' }])
    const other = await call('/orders', await of('cus_b'), body, headers)
    expect([other.status, await other.json()]).toMatchObject([422, { code: 'IDEMPOTENCY_KEY_REUSED' }])
  })

  it('opens a stream, which ends with it', async () => {
    // 60 s of leeway, and a few more.
    const stream = await call('/operations/stream', await token({ sub: 'ann', roles: ['viewer'] }, -57))
    expect(stream.status).toBe(200)
    await stream.text().catch(() => undefined)
    expect((await call('/me', await token({ sub: 'ann', roles: ['viewer'] }, -61))).status).toBe(401)
  })

  it('is taken also while the issuer is away', async () => {
    close(issuer.server)
    expect((await call('/me', await token({ sub: 'ann', roles: ['viewer'] }))).status).toBe(200)
  })
})

describe('a page of another origin', () => {
  const asked = (origin: string, method: string, headers: Record<string, string> = {}) =>
    fetch(`${system.apiUrl}/orders`, { method, headers: { origin, ...headers } })

  it('may ask when the configuration names it', async () => {
    const preflight = await asked('https://shop.example', 'OPTIONS', {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,idempotency-key',
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
      204,
      'https://shop.example',
    ])
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull()
    const answer = await asked('https://shop.example', 'GET')
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([
      401,
      'https://shop.example',
    ])
  })

  it('is told nothing, and changes nothing, otherwise', async () => {
    for (const method of ['GET', 'OPTIONS', 'POST']) {
      const answer = await asked('https://evil.example', method)
      expect([method, answer.headers.get('access-control-allow-origin')]).toEqual([method, null])
    }
    const refused = await asked('https://evil.example', 'POST')
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: 'FORBIDDEN_ORIGIN' }])
  })
})
