import { execFile } from 'node:child_process'
import process from 'node:process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { API_KEY, makeApiKey } from '../../api-key.ts'
import { ROOT } from '../../root.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

const admin = makeApiKey().key

let system: System
beforeAll(async () => {
  system = await startSystem({ workers: false, identity: { bootstrapKey: admin } })
})
afterAll(() => system.close())

/** Runs a command as a shell would, with a key in its environment. */
const cli = (name: string, key: string, ...args: string[]) => {
  const env = { ...process.env, ORDER_SAGA_URL: system.apiUrl, ORDER_SAGA_KEY: key }
  return promisify(execFile)(process.execPath, ['cli/order-saga.mjs', name, ...args], {
    cwd: ROOT,
    env,
  }).then(
    ({ stdout, stderr }) => ({ stdout, stderr, failed: false }),
    ({ stdout, stderr }: { stdout: string; stderr: string }) => ({ stdout, stderr, failed: true }),
  )
}
const keys = (...args: string[]) => cli('keys', admin, ...args)

const statusWith = async (key: string, path: string) =>
  (await fetch(system.apiUrl + path, { headers: { authorization: `Bearer ${key}` } })).status

describe('order-saga keys', () => {
  it('makes a key that is good, and prints nothing but it where a program reads', async () => {
    const { stdout, stderr } = await keys('create', 'shop', '--role', 'customer', '--customer', 'cus_alice')
    expect(stdout).toMatch(/^\S+\n$/)
    expect(stdout.trim()).toMatch(API_KEY)
    expect(stderr).toContain('of shop, with customer')
    expect(stderr).not.toContain(stdout.trim())
    expect(await statusWith(stdout.trim(), '/orders')).toBe(200)
  })

  it('lists keys without their secrets, and revokes one', async () => {
    const key = (
      await keys('create', 'board', '--role', 'viewer', '--expires', '2099-01-01T00:00:00Z')
    ).stdout.trim()
    const [, id = '', secret = ''] = key.split('_')
    const listed = (await keys('list')).stdout
    for (const part of [id, 'board', 'viewer', '2099-01-01']) expect(listed).toContain(part)
    expect(listed).not.toContain(secret)
    expect(await keys('revoke', id, '--yes')).toMatchObject({ stderr: 'Revoked.\n', failed: false })
    await until('the key to be refused', async () =>
      (await statusWith(key, '/orders')) === 401 ? true : undefined,
    )
  })

  it('says in the API’s own words why not, and prints no key then', async () => {
    expect(await keys('create', 'shop', '--role', 'king')).toMatchObject({
      stdout: '',
      stderr: expect.stringContaining('INVALID_KEY'),
      failed: true,
    })
    expect(await keys('revoke', 'nothing', '--yes')).toMatchObject({
      failed: true,
      stderr: expect.stringContaining('KEY_NOT_FOUND'),
    })
    expect(await cli('keys', makeApiKey().key, 'list')).toMatchObject({
      failed: true,
      stderr: expect.stringContaining('ORDER_SAGA_KEY'),
    })
  })
})

describe('order-saga audit', () => {
  it('shows who did what, narrowed by who, what and when', async () => {
    const viewer = (await keys('create', 'auditor', '--role', 'viewer')).stdout.trim()
    const audit = (...args: string[]) => cli('audit', viewer, ...args).then(({ stdout }) => stdout)
    const made = await audit('--subject', 'key:bootstrap', '--action', 'POST /keys')
    expect(made).toContain(`keys/${viewer.split('_')[1]}`)
    expect(made).toContain('none, or erased')
    expect(made).not.toContain('DELETE /keys')
    expect(await audit('--subject', 'key:stranger')).toBe('None.\n')
    expect(await audit('--to', '2020-01-01T00:00:00Z')).toBe('None.\n')
    expect(await audit('--from', '2020-01-01T00:00:00Z')).toContain('POST /keys')
  })
})
