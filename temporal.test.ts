import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'
import { temporalTarget } from './temporal.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'ordersaga-temporal-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const targetOf = (env: Record<string, string>) => temporalTarget(readConfig(env))

describe('the connection to Temporal', () => {
  it('is made without TLS to this machine', () => {
    expect(targetOf({})).toEqual({ address: '127.0.0.1:7233' })
  })

  it('is made with an API key, and then over TLS', () => {
    const cloud = { TEMPORAL_ADDRESS: 'ns.tmprl.example:7233', TEMPORAL_API_KEY: 'secret' }
    expect(targetOf(cloud)).toEqual({ address: 'ns.tmprl.example:7233', apiKey: 'secret', tls: true })
  })

  it('is made with certificates', () => {
    const file = (name: string) => {
      writeFileSync(path.join(folder, name), name)
      return path.join(folder, name)
    }
    const target = targetOf({
      TEMPORAL_ADDRESS: 'temporal.example:7233',
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: file('ca'),
      TEMPORAL_TLS_CLIENT_CERT_PATH: file('crt'),
      TEMPORAL_TLS_CLIENT_KEY_PATH: file('key'),
      TEMPORAL_TLS_SERVER_NAME: 'other.example',
    })
    const bytes = (text: string) => new TextEncoder().encode(text)
    expect(target).toMatchObject({
      tls: {
        serverNameOverride: 'other.example',
        serverRootCACertificate: bytes('ca'),
        clientCertPair: { crt: bytes('crt'), key: bytes('key') },
      },
    })
  })
})
