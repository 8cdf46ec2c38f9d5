import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeApiKey } from '../../api-key.ts'
import { createKeys } from '../../api/identity/keys.ts'
import { childEnvironment } from '../../config.ts'
import { ROOT } from '../../root.ts'
import { UNUSABLE } from '../../supervision.ts'
import type { TestDatabase } from '../harness/database.ts'
import { compiled, createTestDatabase } from '../harness/start.ts'

let test: TestDatabase
beforeAll(async () => {
  test = await createTestDatabase()
})
afterAll(() => test.close())

/** The API on this database, stopped once it serves. */
async function run(settings: Record<string, string>) {
  const child = spawn(process.execPath, [compiled('api/server.js')], {
    cwd: ROOT,
    timeout: 60_000,
    env: childEnvironment({
      DATABASE_URL: test.url,
      PORT: '0',
      METRICS_PORT: '0',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      LOG_LEVEL: 'info',
      ...settings,
    }),
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
      if (printed.includes('accepting orders')) child.kill('SIGTERM')
    })
  await once(child, 'close')
  return { code: child.exitCode, printed, isServing: printed.includes('accepting orders') }
}

const JWKS = 'https://issuer.example/jwks.json'

describe('the API, where another machine may reach it or somebody is meant to sign in', () => {
  it.each([
    { AUTH: 'required' },
    { NODE_ENV: 'production' },
    { TRUST_PROXY: '1' },
    { ALLOWED_HOSTS: 'orders.example' },
  ])('does not serve without a key and an issuer, and says what to set: %j', async (settings) => {
    const { code, printed, isServing } = await run(settings)
    expect([code, isServing]).toEqual([UNUSABLE, false])
    expect(printed).toMatch(/BOOTSTRAP_ADMIN_KEY.*AUTH_JWKS_URL/)
  })

  it.each([
    { AUTH_JWKS_URL: JWKS, AUTH_AUDIENCE: 'ordersaga' },
    { AUTH_JWKS_FILE: 'keys.json', AUTH_ISSUER: 'https://issuer.example' },
    { AUTH_ISSUER: 'https://issuer.example', AUTH_AUDIENCE: 'ordersaga' },
    { AUTH_JWKS_URL: JWKS, AUTH_JWKS_FILE: 'keys.json', AUTH_AUDIENCE: 'a', AUTH_ISSUER: 'b' },
  ])('does not serve when its issuer is half set up: %j', async (settings) => {
    const { code, printed } = await run(settings)
    expect(code).toBe(UNUSABLE)
    expect(printed).toMatch(/half set up: set AUTH_JWKS_URL|set one of them/)
  })

  it('serves with the key of the configuration, which it prints nowhere', async () => {
    const { key } = makeApiKey()
    const { isServing, printed } = await run({ AUTH: 'required', BOOTSTRAP_ADMIN_KEY: key })
    expect([isServing, printed.includes(key.split('_').slice(2).join('_'))]).toEqual([true, false])
    const wrong = await run({ BOOTSTRAP_ADMIN_KEY: 'os_short_secret' })
    expect([wrong.isServing, wrong.printed.includes('os_short_secret')]).toEqual([false, false])
    expect(wrong.printed).toContain('os_<id>_<secret>')
  })

  it('serves with an issuer, and with an administrator’s key in the database', async () => {
    const issuer = { AUTH_JWKS_URL: JWKS, AUTH_ISSUER: 'https://issuer.example', AUTH_AUDIENCE: 'ordersaga' }
    expect(await run(issuer)).toMatchObject({ isServing: true })
    const keys = createKeys({ db: test.db, onTrouble: () => undefined })
    const wish = { name: 'admin', customerId: null, expiresAt: null }
    await keys.create({ ...wish, name: 'viewer', roles: ['viewer'] })
    expect(await run({ AUTH: 'required' })).toMatchObject({ isServing: false })
    await keys.create({ ...wish, roles: ['admin'] })
    expect(await run({ AUTH: 'required' })).toMatchObject({ isServing: true })
  })
})
