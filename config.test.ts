import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  bootstrapAdminKey,
  isSandboxAllowed,
  migratorDatabaseUrl,
  eventTransport,
  isForDevelopment,
  providerUrls,
  queueName,
  readConfig,
  requireDatabaseUrl,
  urlVariable,
} from './config.ts'
import { PROVIDER_NAMES } from './providers.ts'

const example = () => readFileSync('.env.example', 'utf8')

describe('the configuration', () => {
  it('is complete in an empty environment, and cannot be changed', () => {
    const config = readConfig({})
    expect(config).toMatchObject({
      PORT: 3000,
      SANDBOX_PORT: 3100,
      WORKFLOW_TASK_TIMEOUT_MS: 4000,
      SAGA_PACE: 1,
    })
    expect(Object.isFrozen(config)).toBe(true)
  })

  it('is the same when it is handed on as the environment of another process', () => {
    const config = readConfig({ ...allSet(), TRUST_PROXY: '10.0.0.0/8,::1', ALLOW_INSECURE: 'nats,postgres' })
    const asText = Object.entries(config).map(([name, value]) => [name, String(value)])
    expect(readConfig(Object.fromEntries(asText) as NodeJS.ProcessEnv)).toEqual(config)
  })

  it('treats an empty variable as one that is not set', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: '' })).toEqual(readConfig({}))
  })

  it('stops at a wrong value, and names the variable but not the value', () => {
    const wrong = () => readConfig({ DATABASE_URL: 'mysql://user:hunter2@db', PORT: 'x' })
    expect(wrong).toThrow(/DATABASE_URL[\s\S]*PORT/)
    expect(wrong).not.toThrow(/hunter2/)
  })

  it('stops at a database URL whose password has to be written in another way, and does not show it', () => {
    const wrong = () => readConfig({ MIGRATE_DATABASE_URL: 'postgresql://user:hunter/2@db/x' })
    expect(wrong).toThrow(/MIGRATE_DATABASE_URL: is no URL/)
    expect(wrong).not.toThrow(/hunter/)
  })

  it('lets the migrator use the URL of the application, unless it has one of its own', () => {
    const DATABASE_URL = 'postgresql://app@localhost/x'
    const MIGRATE_DATABASE_URL = 'postgresql://owner@localhost/x'
    expect(migratorDatabaseUrl(readConfig({ DATABASE_URL }))).toBe(DATABASE_URL)
    expect(migratorDatabaseUrl(readConfig({ DATABASE_URL, MIGRATE_DATABASE_URL }))).toBe(MIGRATE_DATABASE_URL)
  })

  it('says what to do when a process has no database', () => {
    expect(() => requireDatabaseUrl(readConfig({}))).toThrow('DATABASE_URL is not set')
  })

  it('puts a prefix before every queue', () => {
    expect(queueName(readConfig({}), 'payment')).toBe('payment')
    expect(queueName(readConfig({ TASK_QUEUE_PREFIX: 'blue' }), 'payment')).toBe('blue.payment')
  })

  it('lets the sandbox play every provider that is not named', () => {
    const [named, ...others] = PROVIDER_NAMES
    const urls = (changes: Record<string, string>) => Object.values(providerUrls(readConfig(changes)))
    expect(new Set(urls({}))).toEqual(new Set(['http://127.0.0.1:3100']))
    const given = { SANDBOX_URL: 'http://sandbox', [urlVariable(named ?? 'payment')]: 'http://real' }
    expect(urls(given)).toEqual(['http://real', ...others.map(() => 'http://sandbox')])
  })

  it.each([
    [{}, true],
    [{ NODE_ENV: 'production' }, false],
    [{ SANDBOX_URL: 'http://another' }, false],
  ])('is for development with %j: %s', (given, is) => {
    expect(isForDevelopment(readConfig(given))).toBe(is)
  })

  it('leaves to who starts the system whether there are routes for development, unless it says so', () => {
    const chosen = (SANDBOX: string) => readConfig({ NODE_ENV: 'production', SANDBOX }).SANDBOX
    expect([chosen(''), chosen('on'), chosen('off')]).toEqual([undefined, true, false])
  })

  it.each([
    [{}, true],
    [{ NODE_ENV: 'production' }, false],
    [{ NODE_ENV: 'production', SANDBOX: 'off' }, false],
    [{ NODE_ENV: 'production', SANDBOX: 'on' }, true],
    [{ SANDBOX: 'off' }, true],
  ])('lets the sandbox run with %j: %s', (given, is) => {
    expect(isSandboxAllowed(readConfig(given))).toBe(is)
  })

  it('takes the key of the first admin from its variable, else from its file', () => {
    const [given, kept] = [`os_a_${'x'.repeat(32)}`, `os_b_${'y'.repeat(128)}`]
    const folder = mkdtempSync(path.join(os.tmpdir(), 'ordersaga-config-'))
    const file = path.join(folder, 'admin')
    writeFileSync(file, `${kept}\n`)
    const key = (settings: NodeJS.ProcessEnv) => bootstrapAdminKey(readConfig(settings))
    expect(key({})).toBeUndefined()
    expect(key({ BOOTSTRAP_ADMIN_KEY: given })).toBe(given)
    expect(key({ BOOTSTRAP_ADMIN_KEY_FILE: file })).toBe(kept)
    expect(key({ BOOTSTRAP_ADMIN_KEY: given, BOOTSTRAP_ADMIN_KEY_FILE: file })).toBe(given)
    rmSync(folder, { recursive: true })
    expect(() => key({ BOOTSTRAP_ADMIN_KEY_FILE: file })).toThrow(file)
  })

  it.each(['hunter2', `os__${'x'.repeat(32)}`, `os_a_${'x'.repeat(31)}`, `os_a_${'x'.repeat(31)}/`])(
    'does not take %s for a key of an admin, and does not show it',
    (wrong) => {
      const read = () => readConfig({ BOOTSTRAP_ADMIN_KEY: wrong })
      expect(read).toThrow('BOOTSTRAP_ADMIN_KEY: must have the form os_<id>_<secret>')
      expect(read).not.toThrow(wrong)
    },
  )

  it.each([
    { OTEL_EXPORTER_OTLP_ENDPOINT: '127.0.0.1:4318' },
    { OTEL_TRACES_SAMPLER_ARG: '1.1' },
    { TRACE_UI_URL: 'http://127.0.0.1:16686/trace' },
  ])('refuses a setting of traces that would lead nowhere: %j', (given) => {
    expect(() => readConfig(given)).toThrow(Object.keys(given)[0])
    const right = { OTEL_TRACES_SAMPLER_ARG: '0.1', TRACE_UI_URL: 'http://127.0.0.1:16686/trace/{traceId}' }
    expect(readConfig(right)).toMatchObject({ ...right, OTEL_TRACES_SAMPLER_ARG: 0.1 })
  })

  it('finds the broker in the database unless NATS is chosen, and NATS on this machine unless it is named', () => {
    const transport = (changes: Record<string, string>) =>
      eventTransport(readConfig({ DATABASE_URL: 'postgresql://localhost/x', ...changes }))
    expect(transport({})).toEqual({ kind: 'postgres', url: 'postgresql://localhost/x' })
    expect(transport({ EVENT_TRANSPORT: 'nats', NATS_PORT: '4300' })).toEqual({
      kind: 'nats',
      url: 'nats://127.0.0.1:4300',
    })
    expect(transport({ EVENT_TRANSPORT: 'nats', NATS_URL: 'tls://broker:1' }).url).toBe('tls://broker:1')
  })

  it.each([
    {
      DATABASE_URL: 'postgresql://db.example/x',
      tls: 'postgresql://db.example/x?sslmode=verify-full',
      as: 'postgres',
    },
    {
      DATABASE_URL: 'postgresql:///x?host=db.example',
      tls: 'postgresql:///x?host=/run/postgresql',
      as: 'postgres',
    },
    { NATS_URL: 'nats://broker:4222', tls: 'tls://broker:4222', as: 'nats' },
    { NATS_URL: 'ws://broker', tls: 'wss://broker', as: 'nats' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', tls: 'https://collector:4318', as: 'otlp' },
  ])(
    'refuses a server on another machine without TLS, unless ALLOW_INSECURE names it: %j',
    ({ tls, as, ...plain }) => {
      const [name = ''] = Object.keys(plain)
      expect(() => readConfig(plain)).toThrow(`${name}: leads to another machine without TLS`)
      expect(() => readConfig(plain)).toThrow(`add ${as} to ALLOW_INSECURE`)
      expect(readConfig({ ...plain, ALLOW_INSECURE: `temporal,${as}` })).toMatchObject(plain)
      expect(readConfig({ [name]: tls })).toMatchObject({ [name]: tls })
    },
  )

  it.each([
    { TEMPORAL_TLS: 'true' },
    { TEMPORAL_API_KEY: 'k' },
    { TEMPORAL_TLS_SERVER_CA_CERT_PATH: 'ca.pem' },
  ])('takes a Temporal on another machine with %j, and refuses it without TLS', (changes) => {
    const away = { TEMPORAL_ADDRESS: 'ns.tmprl.example:7233' }
    expect(() => readConfig(away)).toThrow('TEMPORAL_ADDRESS: leads to another machine without TLS')
    expect(() => readConfig({ ...away, ...changes, TEMPORAL_TLS: 'false' })).toThrow('without TLS')
    expect(readConfig({ ...away, ...changes })).toMatchObject(away)
    expect(readConfig({ ...away, ALLOW_INSECURE: 'temporal' })).toMatchObject(away)
  })

  it.each(['127.0.0.1', 'localhost', '127.1.2.3', '[::1]'])('needs no TLS at %s', (host) => {
    const here = {
      DATABASE_URL: `postgresql://${host}/x`,
      TEMPORAL_ADDRESS: `${host}:7233`,
      NATS_URL: `nats://${host}:4222`,
    }
    expect(readConfig(here)).toMatchObject(here)
  })

  it.each([
    ['', []],
    ['2', ['2']],
    ['10.0.0.0/8, fd00::/8,127.0.0.1', ['10.0.0.0/8', 'fd00::/8', '127.0.0.1']],
  ])('takes %o for the proxies that are trusted', (TRUST_PROXY, taken) => {
    expect(readConfig({ TRUST_PROXY }).TRUST_PROXY).toEqual(taken)
  })

  it.each(['true', '0', '10.0.0.0/33', '10.0.0.0/0', 'proxy.example', '1,2'])(
    'does not take %s for proxies',
    (TRUST_PROXY) =>
      expect(() => readConfig({ TRUST_PROXY })).toThrow('TRUST_PROXY: must be how many proxies'),
  )

  it('stops where the migrator has a database and the application has none', () => {
    const alone = () => readConfig({ MIGRATE_DATABASE_URL: 'postgresql://owner@127.0.0.1:1/x' })
    expect(alone).toThrow('MIGRATE_DATABASE_URL: is set and DATABASE_URL is not: set both, or neither')
  })

  it('is described whole by .env.example, which works unedited', () => {
    const lines = example().split('\n')
    const named = new Set(lines.flatMap((line) => /^#?\s?([A-Z_]+)=/.exec(line)?.[1] ?? []))
    const known = Object.keys(readConfig({ ...allSet() }))
    expect(known.filter((name) => !named.has(name) && name !== 'SUPERVISED')).toEqual([])
    const given = Object.fromEntries(
      lines.flatMap((line) => (/^[A-Z_]+=/.test(line) ? [line.split('=', 2) as [string, string]] : [])),
    )
    expect(readConfig(given)).toEqual(readConfig({}))
  })
})

/** Optional variables have no key until they are set. */
const allSet = () => ({
  DATABASE_URL: 'postgresql://localhost/x',
  MIGRATE_DATABASE_URL: 'postgresql://localhost/x',
  TEMPORAL_ADDRESS: 'x',
  TEMPORAL_API_KEY: 'x',
  TEMPORAL_TLS: 'true',
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: 'x',
  TEMPORAL_TLS_CLIENT_CERT_PATH: 'x',
  TEMPORAL_TLS_CLIENT_KEY_PATH: 'x',
  TEMPORAL_TLS_SERVER_NAME: 'x',
  TEMPORAL_UI_URL: 'http://x',
  TEMPORAL_CLI_PATH: 'x',
  TEMPORAL_TEST_SERVER_PATH: 'x',
  NATS_URL: 'tls://x',
  NATS_SERVER_PATH: 'x',
  SANDBOX_URL: 'http://x',
  PAYMENT_URL: 'http://x',
  SHIPPING_URL: 'http://x',
  WORKFLOW_BUNDLE: 'x',
  NODE_ENV: 'production',
  SANDBOX: 'on',
  BOOTSTRAP_ADMIN_KEY: `os_a_${'x'.repeat(32)}`,
  BOOTSTRAP_ADMIN_KEY_FILE: 'x',
})
