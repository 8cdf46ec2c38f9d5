import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { orderBody } from '../../test/harness/api-client.ts'
import { createFront, listen } from './front.ts'
import type { Order } from './order.ts'

let started: Order[]
let url: string
let close: () => void

beforeEach(async () => {
  started = []
  const front = createFront({
    async place(id, { lines, ...request }) {
      return lines.some(({ sku }) => sku === 'UNKNOWN') ? undefined : { ...request, id, totalMinor: 1590 }
    },
    async start(order) {
      started.push(order)
    },
  })
  const server = await listen(front, 0)
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  close = () => {
    server.close()
    server.closeAllConnections()
  }
})
afterEach(() => close())

const post = (body: object, key?: string) =>
  fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
    body: JSON.stringify(body),
  })

describe('the front of a contestant', () => {
  it('takes the order that the API takes, under its idempotency key', async () => {
    const response = await post(orderBody(), 'key-1')
    expect(response.status).toBe(202)
    expect(await response.json()).toEqual({ id: 'key-1' })
    expect(started).toEqual([
      expect.objectContaining({ id: 'key-1', totalMinor: 1590, paymentMethod: 'pm_ok' }),
    ])
  })

  it.each([
    ['without a key', orderBody(), undefined],
    ['with a key that is no id', orderBody(), 'a b'],
    ['without lines', orderBody({ lines: [] }), 'key-1'],
    [
      'of one product twice',
      orderBody({ lines: [1, 2].map((quantity) => ({ sku: 'A', quantity })) }),
      'key-1',
    ],
    ['of an unknown product', orderBody({ lines: [{ sku: 'UNKNOWN', quantity: 1 }] }), 'key-1'],
    ['that is shipped nowhere', orderBody({ isShipped: false }), 'key-1'],
  ])('refuses an order %s', async (_what, body, key) => {
    expect((await post(body, key)).status).toBe(422)
    expect(started).toEqual([])
  })
})
