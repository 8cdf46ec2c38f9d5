import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ProcessState } from '../../supervision.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

/** What the routes for development do with the sandbox and the supervisor behind them. */
let system: System
let processes: ProcessState[] | undefined
const killed: string[] = []
beforeAll(async () => {
  system = await startSystem({
    supervisor: { list: async () => processes, kill: (name) => void killed.push(name) },
  })
})
afterAll(() => system.close())

const ask = async (method: string, path: string, body?: unknown) => {
  const response = await fetch(`${system.apiUrl}/development${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const { status, headers } = response
  return { status, retryAfter: headers.get('retry-after'), body: (await response.json()) as object }
}

describe('the faults of the sandbox', () => {
  const none = { payment: 'up', shipping: 'up', percent: 100 }
  const sandboxFaults = async () => (await fetch(`${system.sandboxUrl}/faults`)).json()

  it('are what the API was asked for, until they are mended', async () => {
    expect(await ask('GET', '/faults')).toMatchObject({ status: 200, body: none })
    const script = { payment: 'garbage', percent: 30, tail: { percent: 5, ms: 2000 } }
    const all = { ...none, ...script }
    expect(await ask('PUT', '/faults', script)).toMatchObject({ status: 200, body: all })
    expect(await sandboxFaults()).toEqual(all)
    expect((await ask('PUT', '/faults', { shipping: 'down' })).body).toEqual({ ...none, shipping: 'down' })
    expect(await ask('DELETE', '/faults')).toMatchObject({ status: 200, body: none })
    expect(await sandboxFaults()).toEqual(none)
  })

  it.each([
    [{ payment: 'broken' }, '/payment'],
    [{ gateway: 'down' }, '/gateway'],
    [{ percent: 101 }, '/percent'],
    [{ tail: { percent: 5 } }, '/tail/ms'],
    [[], ''],
  ])('stay as they are when they are asked for as %j', async (body, pointer) => {
    const { body: before } = await ask('PUT', '/faults', { payment: 'slow' })
    expect(await ask('PUT', '/faults', body)).toMatchObject({
      status: 422,
      body: { code: 'INVALID_REQUEST', errors: [{ pointer }] },
    })
    expect(await sandboxFaults()).toEqual(before)
    await ask('DELETE', '/faults')
  })
})

describe('the ledger of the sandbox', () => {
  it('has what was done for one order, or for all', async () => {
    const completed = await system.api.run()
    const turnedBack = await system.api.run({ service: 'refused' })
    expect((await ask('GET', `/ledger?orderId=${turnedBack.id}`)).body).toEqual({
      charges: [expect.objectContaining({ key: expect.stringContaining(turnedBack.id), state: 'refunded' })],
      refunds: [expect.objectContaining({ chargeKey: expect.stringContaining(turnedBack.id) })],
      shipments: [],
    })
    expect((await ask('GET', `/ledger?orderId=${completed.id}`)).body).toEqual({
      charges: [
        { key: expect.stringContaining(completed.id), amountMinor: 1590, currency: 'EUR', state: 'charged' },
      ],
      refunds: [],
      shipments: [{ key: expect.stringContaining(completed.id), state: 'created' }],
    })
    expect((await ask('GET', '/ledger')).body).toEqual(await system.api.ledger())
  })

  it('is not asked for what is no order id', async () => {
    expect(await ask('GET', '/ledger?orderId=x')).toMatchObject({
      status: 400,
      body: { code: 'INVALID_PARAMETER' },
    })
  })
})

it('answers 503 and when to come back while the sandbox is away', async () => {
  system.world.kill()
  for (const [method, path, body] of [
    ['GET', '/faults'],
    ['PUT', '/faults', { payment: 'down' }],
    ['DELETE', '/faults'],
    ['GET', '/ledger'],
  ] as const)
    expect(await ask(method, path, body)).toMatchObject({
      status: 503,
      retryAfter: '1',
      body: { code: 'DEPENDENCY_UNAVAILABLE', detail: 'The sandbox does not answer.' },
    })
  await system.world.revive()
})

describe('the processes', () => {
  const worker = { name: 'worker-1', pid: 4711, restarts: 2, since: '2026-11-27T14:00:00.000Z' }
  const relay = { ...worker, name: 'relay', pid: null }

  it('are those that the supervisor knows, without an id where they are down', async () => {
    processes = [worker, relay]
    expect(await ask('GET', '/processes')).toMatchObject({ status: 200, body: { data: [worker, relay] } })
  })

  it('are killed by their name, and no other', async () => {
    processes = [worker, relay]
    killed.length = 0
    for (const name of ['worker', 'worker-2', 'WORKER-1', '4711', '%20'])
      expect(await ask('POST', `/processes/${name}/kill`)).toMatchObject({
        status: 404,
        body: { code: 'PROCESS_NOT_FOUND' },
      })
    expect(await ask('POST', '/processes/worker-1/kill')).toMatchObject({
      status: 202,
      body: { status: 'accepted' },
    })
    await expect.poll(() => killed).toEqual(['worker-1'])
  })

  it('are 503 with what to do when there is no supervisor', async () => {
    processes = undefined
    killed.length = 0
    for (const [method, path] of [
      ['GET', '/processes'],
      ['POST', '/processes/worker-1/kill'],
    ] as const)
      expect(await ask(method, path)).toMatchObject({
        status: 503,
        retryAfter: '1',
        body: { code: 'DEPENDENCY_UNAVAILABLE', detail: expect.stringContaining('npm start') },
      })
    expect(killed).toEqual([])
  })
})

it('has no routes for development where they are off, and does not describe them', async () => {
  const production = await startSystem({ workers: false, development: false })
  const { paths } = await production.api.get<{ paths: object }>('/openapi.json')
  expect(Object.keys(paths).filter((path) => path.includes('development'))).toEqual([])
  for (const path of ['/faults', '/ledger', '/processes']) {
    const response = await fetch(`${production.apiUrl}/development${path}`)
    expect([response.status, await response.json()]).toEqual([
      404,
      expect.objectContaining({ code: 'NOT_FOUND' }),
    ])
  }
  await production.close()
})
