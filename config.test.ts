import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  migratorDatabaseUrl,
  eventTransport,
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
    const DATABASE_URL = 'postgresql://app@db/x'
    const MIGRATE_DATABASE_URL = 'postgresql://owner@db/x'
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

  it('finds the broker in the database unless NATS is chosen, and NATS on this machine unless it is named', () => {
    const transport = (changes: Record<string, string>) =>
      eventTransport(readConfig({ DATABASE_URL: 'postgresql://db/x', ...changes }))
    expect(transport({})).toEqual({ kind: 'postgres', url: 'postgresql://db/x' })
    expect(transport({ EVENT_TRANSPORT: 'nats', NATS_PORT: '4300' })).toEqual({
      kind: 'nats',
      url: 'nats://127.0.0.1:4300',
    })
    expect(transport({ EVENT_TRANSPORT: 'nats', NATS_URL: 'nats://broker:1' }).url).toBe('nats://broker:1')
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
  TEMPORAL_UI_URL: 'http://x',
  TEMPORAL_CLI_PATH: 'x',
  TEMPORAL_TEST_SERVER_PATH: 'x',
  NATS_URL: 'nats://x',
  NATS_SERVER_PATH: 'x',
  SANDBOX_URL: 'http://x',
  PAYMENT_URL: 'http://x',
  SHIPPING_URL: 'http://x',
  WORKFLOW_BUNDLE: 'x',
})
