import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeApiKey } from '../../api-key.ts'
import { ROOT } from '../../root.ts'
import type { Order, Return } from '../harness/api-client.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

const SHIP_TO = ['--ship-to', 'A. Doe; 1 High St; Utrecht; 3511 ZX; NL']
const ORDER = ['TEA-001:2', '--customer', 'cus_alice', ...SHIP_TO]
const NO_ORDER = '00000000-0000-4000-8000-000000000000'

/** A home without a key, in a path with a space. */
const home = mkdtempSync(path.join(os.tmpdir(), 'ordersaga home '))
const admin = makeApiKey().key

let system: System
let closed: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 0.25 }, reconciliation: { afterSeconds: 0 } })
  closed = await startSystem({ workers: false, identity: { bootstrapKey: admin } })
})
afterAll(async () => {
  rmSync(home, { recursive: true })
  await Promise.all([system.close(), closed.close()])
})

interface Ended {
  code: number
  stdout: string
  stderr: string
}

/** The program as a shell runs it, with its output in pipes: through the link that npm makes, and from another folder. */
function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const { ORDER_SAGA_KEY: _key, ORDER_SAGA_KEY_FILE: _file, NO_COLOR: _colour, ...inherited } = process.env
  const options = {
    cwd: home,
    env: { ...inherited, HOME: home, ORDER_SAGA_URL: system.apiUrl, ...env },
  }
  return new Promise((resolve) => {
    const child = execFile(path.join(home, 'order-saga'), args, options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
    child.stdin?.end()
  })
}
const cli = (...args: string[]) => run(args)

beforeAll(() => symlinkSync(path.join(ROOT, 'cli', 'order-saga.mjs'), path.join(home, 'order-saga')))

describe.concurrent('order-saga', () => {
  it('places an order, watches it to its end, and shows what the API answers', async () => {
    const placed = await cli('place', ...ORDER, '--payment', 'pm_ok', '--json')
    expect(placed).toMatchObject({ code: 0, stderr: '' })
    const { id, status } = JSON.parse(placed.stdout) as Order
    expect(status).toBe('pending')
    const watched = await cli('watch', id)
    expect(watched).toMatchObject({ code: 0, stderr: '' })
    const types = watched.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/)[3])
    expect(types.slice(0, 2)).toEqual(['OrderPlaced', 'InventoryReserved'])
    expect(types.at(-1)).toBe('OrderCompleted')
    await system.api.notified(id)
    const answer = await (await fetch(`${system.apiUrl}/orders/${id}`)).text()
    expect(await cli('get', id, '--json')).toEqual({ code: 0, stdout: `${answer}\n`, stderr: '' })
    const then = await cli('get', id, '--as-of-version', '1', '--json')
    expect(JSON.parse(then.stdout)).toMatchObject({ id, status: 'pending', version: 1 })
    const shown = (await cli('get', id)).stdout
    for (const part of [id, 'completed', '15.90 EUR', '2 × TEA-001', 'chargePayment'])
      expect(shown).toContain(part)
  })

  it('watches one event a line with --json, and ends with 1 where the order does not complete', async () => {
    const { code, stdout, stderr } = await cli(
      'place',
      ...ORDER,
      '--payment',
      'pm_declined',
      '--watch',
      '--json',
    )
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; event: string; data: Order })
    expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, at) => at + 1))
    expect(events.at(-1)).toMatchObject({ event: 'OrderRejected', data: { status: 'rejected' } })
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('PAYMENT_DECLINED') as string,
    })
  })

  it('lists orders by their status, page by page', async () => {
    for (const _ of [1, 2]) await system.api.run({ customerId: 'cus_pages', paymentMethod: 'pm_declined' })
    const list = ['list', '--status', 'rejected', '--customer', 'cus_pages', '--limit', '1']
    const first = await cli(...list)
    expect(first.stdout.trim().split('\n')).toHaveLength(2)
    const [, cursor = ''] = /--cursor (\S+)/.exec(first.stderr) ?? []
    const second = await cli(...list, '--cursor', cursor, '--json')
    expect(first.stdout).not.toContain((JSON.parse(second.stdout) as { data: Order[] }).data[0]?.id ?? '')
    expect(await cli('list', '--customer', 'cus_nothing')).toEqual({ code: 0, stdout: 'None.\n', stderr: '' })
  })

  it('cancels an order that waits', async () => {
    const { id } = await system.api.place({ paymentMethod: 'pm_rate_limited_9999' })
    expect(await cli('cancel', id, '--reason', 'ordered twice')).toMatchObject({ code: 0 })
    expect(await system.api.ended(id)).toMatchObject({ status: 'cancelled' })
  })

  it('retries a parked order, and skips its step only when that is confirmed', async () => {
    const { id } = await system.api.place({ paymentMethod: 'pm_refund_fails', service: 'refused' })
    await system.api.reached(id, 'parked')
    expect((await cli('parked', 'list', '--step', 'chargePayment')).stdout).toContain(id)
    expect(await cli('parked', 'retry', id, '--reason', 'the gateway is back')).toEqual({
      code: 0,
      stdout: 'It will be tried again.\n',
      stderr: '',
    })
    await system.api.reached(id, 'parked')
    const skip = ['parked', 'skip', id, '--step', 'chargePayment', '--reason', 'refunded by hand']
    expect(await cli(...skip)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('--yes') as string,
    })
    expect(await system.api.order(id)).toMatchObject({ status: 'parked' })
    // The retry may still be at it.
    await until('the step to be skipped', async () =>
      (await cli(...skip, '--yes')).code === 0 ? true : undefined,
    )
    expect(await system.api.ended(id)).toMatchObject({ status: 'rejected' })
  })

  it('asks for a return, and approves it', async () => {
    const order = await system.api.run({ lines: [{ sku: 'TEA-001', quantity: 4 }] })
    const asked = await cli(
      'returns',
      'ask',
      order.id,
      '--line',
      'TEA-001:3',
      '--reason',
      'It leaks.',
      '--json',
    )
    const { id, amountMinor } = JSON.parse(asked.stdout) as Return
    expect(amountMinor).toBe(3 * 795)
    expect((await cli('returns', 'list', '--order', order.id)).stdout).toContain(id)
    expect((await cli('returns', 'list', '--status', 'requested')).stdout).toContain(id)
    expect(await cli('returns', 'approve', id, '--reason', 'Looked at the photograph.')).toMatchObject({
      code: 0,
    })
    expect(await system.api.return(id)).toMatchObject({ decision: { outcome: 'approved', by: 'operator' } })
    const refused = await cli('returns', 'refuse', id, '--reason', 'no')
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('409 RETURN_NOT_OPEN') as string,
    })
    expect((await cli('returns', 'get', id)).stdout).toContain('23.85 EUR')
  })

  it('checks the invariants', async () => {
    const { code, stdout } = await cli('invariants')
    expect(stdout).toMatch(/^money +ok +\S/m)
    expect(code).toBe(0)
  })

  it('completes commands and options in a shell that has read its script', async () => {
    const script = path.join(home, 'completion.bash')
    writeFileSync(script, (await cli('completion', 'bash')).stdout)
    const complete = async (...words: string[]) => {
      const tab =
        'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _order_saga; echo "${COMPREPLY[*]}"'
      const { stdout } = await promisify(execFile)('bash', ['-c', tab, script, 'order-saga', ...words])
      return stdout.trim()
    }
    expect(await complete('pa')).toBe('parked')
    expect(await complete('parked', 's')).toBe('skip')
    expect(await complete('--json', 'list', '--st')).toBe('--status --step')
  })

  it('doctor checks the API and what stands behind it, and ends with 1 for what is wrong', async () => {
    const { code, stdout } = await cli('doctor', '--json')
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: { name: string; state: string }[] }
    const states = Object.fromEntries(checks.map(({ name, state }) => [name, state]))
    for (const name of [
      'node',
      'time zone',
      'api',
      'clock',
      'postgresql',
      'key',
      'temporal',
      'disk',
      'invariants',
    ])
      expect([name, states[name]]).toEqual([name, 'ok'])
    // No relay runs here.
    expect(states['event processes']).toBe('wrong')
    expect([code, ok]).toEqual([1, false])
    const away = await cli('doctor', '--url', 'http://127.0.0.1:65000')
    expect(away).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^api +wrong +No answer/m) as string,
    })
  })

  it('prints no colours where standard output is no terminal', async () => {
    const { stdout } = await run(['list'], { TERM: 'xterm-256color' })
    expect(stdout).not.toContain('\u001b')
  })

  it.each([
    [0, ['--help'], ''],
    [0, ['parked', 'skip', '--help'], ''],
    [1, ['place', ...ORDER, '--payment', 'pm ok'], '422 INVALID_ORDER'],
    [2, ['place', 'TEA-001'], '--payment'],
    [2, ['wach', NO_ORDER], 'Did you mean watch?'],
    [2, ['list', '--limit', 'x'], '--limit'],
    [2, ['list', '--url', 'example.com'], 'is no address'],
    [3, ['list', '--url', 'http://127.0.0.1:1'], 'No answer from http://127.0.0.1:1'],
    [5, ['get', NO_ORDER], '404 ORDER_NOT_FOUND'],
  ])('ends with %i after %j', async (code, args, message) => {
    const ended = await cli(...args)
    expect(ended.stderr).toContain(message)
    expect(ended.code).toBe(code)
  })
})

// A difference makes an invariant false: not beside those who look at them.
describe('order-saga reconciliation', () => {
  it('compares with the providers, lists what differs, and settles it', async () => {
    await fetch(`${system.sandboxUrl}/charges`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'a stranger' },
      body: JSON.stringify({ amountMinor: 1000, currency: 'EUR', paymentMethod: 'pm_ok' }),
    })
    for (const _again of [1, 2]) {
      const run = await cli('reconciliation', 'run', '--window', '60', '--wait')
      expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining('chargePayment') as string })
    }
    const list = await cli('reconciliation', 'list', '--json')
    const { data } = JSON.parse(list.stdout) as { data: { id: string; key: string }[] }
    const found = data.find(({ key }) => key === 'a stranger')
    expect((await cli('reconciliation', 'list')).stdout).toContain('10.00 EUR charged')
    const settle = ['reconciliation', 'settle', found?.id ?? '', '--reason', 'Refunded by hand.']
    expect(await cli(...settle)).toMatchObject({ code: 0, stdout: 'Settled by developer.\n' })
    expect((await cli('reconciliation', 'list', '--state', 'settled')).stdout).toContain('a stranger')
  })
})

describe('a key', () => {
  const url = () => ({ ORDER_SAGA_URL: closed.apiUrl })

  it('is read from a file that its owner alone can use, and from no other', async () => {
    const file = path.join(home, 'key')
    writeFileSync(file, `${admin}\n`)
    for (const [mode, code] of [
      [0o600, 0],
      [0o640, 2],
      [0o604, 2],
    ] as const) {
      chmodSync(file, mode)
      const ended = await run(['list'], { ...url(), ORDER_SAGA_KEY_FILE: file })
      expect(ended.code).toBe(code)
      expect(ended.stderr).toContain(code === 0 ? '' : 'chmod 600')
      expect(ended.stdout + ended.stderr).not.toContain(admin)
    }
  })

  it('that is missing or wrong ends a command with 4 and says what to set; the answer is JSON with --json', async () => {
    expect(await run(['list'], url())).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('Set ORDER_SAGA_KEY') as string,
    })
    const wrong = await run(['list', '--json'], { ...url(), ORDER_SAGA_KEY: makeApiKey().key })
    expect(wrong).toMatchObject({ code: 4, stdout: '' })
    expect(JSON.parse(wrong.stderr)).toMatchObject({ status: 401 })
  })

  it('of a role that may not ask shows in the doctor, and ends a command with 4', async () => {
    const create = ['keys', 'create', 'shop', '--role', 'customer', '--customer', 'cus_alice']
    const shop = {
      ...url(),
      ORDER_SAGA_KEY: (await run(create, { ...url(), ORDER_SAGA_KEY: admin })).stdout.trim(),
    }
    expect((await run(['doctor'], shop)).stdout).toMatch(/^key +ok +key:shop: customer$/m)
    expect((await run(['doctor'], shop)).stdout).toMatch(
      /^invariants +skipped +Your roles do not allow it\.$/m,
    )
    expect(await run(['invariants'], shop)).toMatchObject({ code: 4 })
  })
})
