import { createHmac } from 'node:crypto'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type JWK } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { HttpProblem } from '../problem.ts'
import { createKeySet } from './key-set.ts'
import { createTokens, type TokenOptions } from './tokens.ts'

const ISSUER = 'https://issuer.example'
const AUDIENCE = 'ordersaga'

type Pair = Awaited<ReturnType<typeof generateKeyPair>>
const pairs = new Map<string, Pair>()
const jwks: JWK[] = []
beforeAll(async () => {
  for (const alg of ['RS256', 'ES256', 'EdDSA']) {
    const pair = await generateKeyPair(alg, { extractable: true })
    pairs.set(alg, pair)
    jwks.push({ ...(await exportJWK(pair.publicKey)), kid: alg, use: 'sig' })
  }
})

const pairOf = (alg: string): Pair => pairs.get(alg) ?? expect.unreachable()

/** An issuer whose key set is read from here. */
function issuer({ keys = jwks, ...options }: { keys?: JWK[] } & Partial<TokenOptions> = {}) {
  const served = { keys, reads: 0, isAway: false }
  const read = async () => {
    served.reads += 1
    if (served.isAway) throw new Error('away')
    return JSON.stringify({ keys: served.keys })
  }
  const keySet = createKeySet(read, () => undefined)
  const claims = { rolesClaim: 'roles', customerClaim: 'customer_id' }
  return {
    served,
    tokens: createTokens({ keySet, issuer: ISSUER, audience: AUDIENCE, ...claims, ...options }),
  }
}

interface Said {
  alg?: string
  kid?: string | undefined
  key?: Parameters<SignJWT['sign']>[0]
  claims?: Record<string, unknown>
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

function sign({
  alg = 'RS256',
  kid = alg,
  key = pairOf(alg).privateKey,
  claims = {},
  header = {},
}: Said = {}) {
  const said = { iss: ISSUER, aud: AUDIENCE, sub: 'alice', exp: inSeconds(300), roles: ['viewer'], ...claims }
  return new SignJWT(said).setProtectedHeader({ alg, kid }).sign(key)
}

describe('a token', () => {
  it.each(['RS256', 'ES256', 'EdDSA'])('that is signed with %s is its subject’s', async (alg) => {
    const { tokens } = issuer()
    expect(await tokens.check(await sign({ alg }))).toEqual({
      subject: 'jwt:https://issuer.example#alice',
      roles: ['viewer'],
      customerId: undefined,
    })
  })

  it.each<[string, Said]>([
    ['of another issuer', { claims: { iss: 'https://other.example' } }],
    ['for another audience', { claims: { aud: 'other' } }],
    ['for nobody', { claims: { aud: undefined } }],
    ['that has no end', { claims: { exp: undefined } }],
    ['that ended over a minute ago', { claims: { exp: inSeconds(-70) } }],
    ['that begins in over a minute', { claims: { nbf: inSeconds(70) } }],
    ['of nobody', { claims: { sub: undefined } }],
    ['of an empty name', { claims: { sub: '' } }],
    ['of a name that cannot be stored', { claims: { sub: 'a\u0000b' } }],
  ])('%s is refused', async (_what, said) => {
    const { tokens } = issuer()
    expect(await tokens.check(await sign(said))).toBeUndefined()
  })

  it.each<[string, Said]>([
    ['for several audiences, and us', { claims: { aud: ['other', AUDIENCE] } }],
    ['that ended within the last minute', { claims: { exp: inSeconds(-50) } }],
    ['that begins within the next minute', { claims: { nbf: inSeconds(50) } }],
    ['that does not say which key', { kid: undefined }],
  ])('%s is taken', async (_what, said) => {
    const { tokens } = issuer()
    expect(await tokens.check(await sign(said))).toMatchObject({ roles: ['viewer'] })
  })

  it('that does not say which key is checked with all that it may be', async () => {
    const other = await generateKeyPair('RS256', { extractable: true })
    const keys = [{ ...(await exportJWK(other.publicKey)), kid: 'other' }, ...jwks]
    const { tokens } = issuer({ keys })
    expect(await tokens.check(await sign({ kid: undefined }))).toMatchObject({ roles: ['viewer'] })
    const stranger = await generateKeyPair('RS256')
    expect(await tokens.check(await sign({ kid: undefined, key: stranger.privateKey }))).toBeUndefined()
  })

  it('that is signed by somebody else, cut, changed, or not signed at all is refused', async () => {
    const { tokens } = issuer()
    const stranger = await generateKeyPair('RS256')
    const good = await sign()
    const [head = '', body = '', signature = ''] = good.split('.')
    const admin = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(body, 'base64url').toString()), roles: ['admin'] }),
    )
    const unsigned = new UnsecuredJWT({ roles: ['admin'] })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject('alice')
      .setExpirationTime('5m')
      .encode()
    for (const bad of [
      await sign({ key: stranger.privateKey }),
      good.slice(0, -5),
      `${head}.${body}.`,
      `${head}.${admin.toString('base64url')}.${signature}`,
      unsigned,
      '',
      'a.b.c',
      `${good}.${signature}`,
      'x'.repeat(100_000),
    ])
      expect([bad.slice(0, 60), await tokens.check(bad)]).toEqual([bad.slice(0, 60), undefined])
  })

  it('that takes the public key for a shared secret is refused', async () => {
    const { tokens } = issuer()
    const secret = await exportSPKI(pairOf('RS256').publicKey)
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const said = { iss: ISSUER, aud: AUDIENCE, sub: 'mallory', exp: inSeconds(300), roles: ['admin'] }
    const signed = `${encode({ alg: 'HS256', kid: 'RS256' })}.${encode(said)}`
    const forged = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
    expect(await tokens.check(forged)).toBeUndefined()
  })

  it('has the roles that we know, and the customer that can be one', async () => {
    const { tokens } = issuer()
    const roles = ['customer', 'root', 7, 'operator']
    expect(await tokens.check(await sign({ claims: { roles, customer_id: 'cus_alice' } }))).toMatchObject({
      roles: ['customer', 'operator'],
      customerId: 'cus_alice',
    })
    for (const claims of [{ roles: 'admin' }, { roles: { admin: true } }, { roles: null }])
      expect(await tokens.check(await sign({ claims }))).toMatchObject({ roles: [] })
    expect(await tokens.check(await sign({ claims: { customer_id: '../x' } }))).toMatchObject({
      customerId: undefined,
    })
  })

  it.each(['https://orders.example/roles', 'realm_access.roles'])(
    'may have its roles in the claim %s',
    async (name) => {
      const { tokens } = issuer({ rolesClaim: name })
      const claims = name.startsWith('http') ? { [name]: ['admin'] } : { realm_access: { roles: ['admin'] } }
      expect(await tokens.check(await sign({ claims }))).toMatchObject({ roles: ['admin'] })
    },
  )
})

describe('the keys of the issuer', () => {
  it('are read once for many tokens', async () => {
    const { tokens, served } = issuer()
    const token = await sign()
    await Promise.all(Array.from({ length: 20 }, () => tokens.check(token)))
    await tokens.check(token)
    expect(served.reads).toBe(1)
  })

  it('are read again for one that is not known, and then not for a while, whatever is sent', async () => {
    const first = jwks.filter(({ kid }) => kid !== 'ES256')
    const { tokens, served } = issuer({ keys: first })
    await tokens.check(await sign())
    served.keys = jwks
    // The first time was a moment ago.
    expect(await tokens.check(await sign({ alg: 'ES256' }))).toBeUndefined()
    for (let i = 0; i < 50; i += 1) await tokens.check(await sign({ kid: `unknown-${i}` }))
    expect(served.reads).toBe(1)
  })

  it('that are known stay known while the issuer is away', async () => {
    const { tokens, served } = issuer()
    const token = await sign()
    await tokens.check(token)
    served.isAway = true
    expect(await tokens.check(token)).toMatchObject({ roles: ['viewer'] })
  })

  it('are missed, which is no fault of the token, while the issuer was never there', async () => {
    const { tokens, served } = issuer()
    served.isAway = true
    await expect(tokens.check(await sign())).rejects.toThrow(HttpProblem)
    await expect(tokens.check(await sign())).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' })
  })
})
