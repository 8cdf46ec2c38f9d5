import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { projectionList } from '../../api/resources/projections.ts'
import type { orderSummaryList, salesReport, stockReport } from '../../api/resources/reports.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts'

type Orders = z.infer<typeof orderSummaryList>

/** The projector reaches the database over a line that can be cut. */
let system: System
let line: TcpProxy
beforeAll(async () => {
  const projectorUrl = async (place: string) => {
    const url = new URL(place)
    line = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
    url.port = String(line.port)
    return url.href
  }
  system = await startSystem({ events: { projectorUrl } })
})
afterAll(async () => {
  await system.close()
  line.close()
})

const get = <T>(path: string): Promise<T> => system.api.get<T>(path)
const ordersOf = (customer: string, query = '') => get<Orders>(`/customers/${customer}/orders${query}`)

describe('a client', () => {
  it('reads its own write: the order that it has just placed is in the list', async () => {
    for (let n = 0; n < 10; n += 1) {
      const { id } = await system.api.place({ customerId: `cus_own${n}` })
      const { data, asOf, lagMs } = await ordersOf(`cus_own${n}`, `?minVersion=1&orderId=${id}`)
      expect(data.map((order) => order.id)).toEqual([id])
      expect(Date.parse(asOf)).toBeLessThanOrEqual(Date.now() + 1000)
      expect(lagMs).toBeGreaterThanOrEqual(0)
    }
  })

  it('who waits for everything recorded by now sees all of it', async () => {
    const { id, version } = await system.api.run({ customerId: 'cus_all' })
    const { data } = await ordersOf('cus_all', '?minVersion=1')
    expect(data).toMatchObject([
      {
        id,
        status: 'completed',
        reason: null,
        currency: 'EUR',
        totalMinor: 1590,
        chargedMinor: 1590,
        lines: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 795 }],
        steps: { undone: [], skipped: [], parked: [] },
      },
    ])
    expect(data[0]?.steps.done).toContain('completeOrder')
    expect(data[0]?.version).toBeGreaterThanOrEqual(version)
  })

  it.each(['', '&minVersion=999'])(
    'waits for what there is of an order, and for no version that it does not have: ?orderId=…%s',
    async (wish) => {
      const { id } = await system.api.run({ customerId: 'cus_future' })
      const { data } = await ordersOf('cus_future', `?orderId=${id}${wish}`)
      expect(data[0]).toMatchObject({ id, status: 'completed' })
    },
  )

  it('waits for no order that there is not', async () => {
    const unknown = 'orderId=01a00000-0000-7000-8000-000000000001'
    const answer = await fetch(`${system.apiUrl}/reports/orders?minVersion=1&${unknown}`)
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
      404,
      'ORDER_NOT_FOUND',
    ])
  })

  it('finds orders page by page', async () => {
    const ids = []
    for (let n = 0; n < 3; n += 1) ids.push((await system.api.place({ customerId: 'cus_pages' })).id)
    const first = await ordersOf('cus_pages', '?limit=2&minVersion=1')
    const rest = await ordersOf('cus_pages', `?limit=2&cursor=${first.nextCursor}`)
    expect([...first.data, ...rest.data].map(({ id }) => id)).toEqual(ids.toReversed())
    expect(rest.nextCursor).toBeNull()
    const found = await get<Orders>('/reports/orders?customerId=cus_pages&sku=TEA-001&limit=1')
    expect(found.data[0]?.id).toBe(ids[2])
  })
})

describe('a report', () => {
  it('shows what was sold, as the charges have it', async () => {
    const { id } = await system.api.run({ lines: [{ sku: 'CUP-001', quantity: 3 }] })
    const completed = (await system.api.events(id)).find(({ type }) => type === 'OrderCompleted')
    const day = completed?.recordedAt.slice(0, 10)
    await system.api.run({ lines: [{ sku: 'CUP-001', quantity: 1 }], service: 'refused' })
    const { data } = await get<z.infer<typeof salesReport>>(
      `/reports/sales?from=${day}&to=${day}&sku=CUP-001&minVersion=1`,
    )
    const { priceMinor } = await system.api.product('CUP-001')
    expect(data).toEqual([
      { day, sku: 'CUP-001', quantity: 3, revenueMinor: 3 * priceMinor, currency: 'EUR' },
    ])
  })

  it('shows the stock that the catalogue shows', async () => {
    const { data } = await get<z.infer<typeof stockReport>>('/reports/stock?minVersion=1')
    const { available, reserved, sold } = await system.api.product('CUP-001')
    expect(data.find(({ sku }) => sku === 'CUP-001')).toEqual({ sku: 'CUP-001', available, reserved, sold })
  })
})

describe('a projector that cannot reach its database', () => {
  it('fails no order, shows its lag meanwhile, and catches up', async () => {
    await ordersOf('cus_cut', '?minVersion=1')
    line.cut()
    const orders = await Promise.all(
      Array.from({ length: 5 }, () => system.api.run({ customerId: 'cus_cut' })),
    )
    expect(orders.map(({ status }) => status)).toEqual(orders.map(() => 'completed'))
    const late = await fetch(`${system.apiUrl}/customers/cus_cut/orders?orderId=${orders[0]?.id}`)
    expect([late.status, late.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await late.json()).toMatchObject({ code: 'READ_MODEL_BEHIND' })
    const behind = await ordersOf('cus_cut')
    expect(behind.data).toEqual([])
    expect(behind.lagMs).toBeGreaterThan(0)
    expect(Date.parse(behind.asOf)).toBeLessThanOrEqual(Date.parse(orders[0]?.updatedAt ?? ''))
    line.mend()
    await until('the read model to have caught up', async () => {
      const { data } = await ordersOf('cus_cut')
      return data.length === 5 && data.every(({ status }) => status === 'completed') ? true : undefined
    })
    expect(await system.db.deadLetter.count()).toBe(0)
  })
})

describe('a rebuild over HTTP', () => {
  const projection = async () => {
    const { data } = await get<z.infer<typeof projectionList>>('/operations/projections')
    return data.find(({ name }) => name === 'sales')
  }

  it('is done by the projector, while the report is read', async () => {
    const report = () => get<z.infer<typeof salesReport>>('/reports/sales?minVersion=1')
    const before = (await report()).data
    const { generation = 0 } = (await projection()) ?? {}
    const answer = await system.api.post('/operations/projections/sales/rebuild')
    expect(answer.status).toBe(202)
    await until('the rebuild to be done', async () =>
      (await projection())?.rebuild.state === 'done' ? true : undefined,
    )
    expect(await projection()).toMatchObject({ generation: generation + 1, streamsSetAside: 0 })
    expect((await report()).data).toEqual(before)
  })

  it('of a projection that there is not, is refused', async () => {
    const answer = await system.api.post('/operations/projections/nothing/rebuild')
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
      404,
      'PROJECTION_NOT_FOUND',
    ])
  })
})

describe('the metrics of the projector', () => {
  it('show lag, events and dead letters', async () => {
    const text = (await system.events?.metrics.metrics()) ?? ''
    expect(text).toMatch(/^ordersaga_projection_lag_seconds\{projection="sales"\} \d/m)
    expect(text).toMatch(/^ordersaga_events_consumed_total\{consumer="order-summary"\} [1-9]/m)
    expect(text).toMatch(/^ordersaga_dead_letters\{consumer="sales",state="parked"\} 0$/m)
    expect(text).toMatch(/^ordersaga_projector_is_leader 1$/m)
  })
})

describe('bad input', () => {
  it.each([
    '/customers/cus_a/orders?minVersion=0',
    '/customers/cus_a/orders?minVersion=x',
    '/customers/cus_a/orders?limit=0',
    '/customers/cus_a/orders?cursor=eHg',
    '/customers/cus_a/orders?minVersion=1&orderId=x',
    '/customers/cus_a/orders?unknown=1',
    '/reports/orders?status=lost',
    '/reports/orders?sku=%20',
    '/reports/sales?from=yesterday',
    '/reports/sales?from=2026-02-30',
    '/reports/sales?from=0000-01-01',
    '/orders/01a00000-0000-7000-8000-000000000001?asOf=0000-01-01T00:00:00Z',
    '/accounts/nobody?asOf=0001-01-01T00:00:00%2B09:00',
    '/reports/sales?from=2026-11-22&to=2026-11-21',
    '/reports/sales?minVersion=-1',
    '/reports/stock?sku=TEA-001',
    '/operations/projections?x=1',
  ])('%s is answered with 400', async (path) => {
    const answer = await fetch(system.apiUrl + path)
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
      400,
      'INVALID_PARAMETER',
    ])
  })

  it('is no name of a projection', async () => {
    const answer = await system.api.post('/operations/projections/%00/rebuild')
    expect(answer.status).toBe(404)
  })

  it('is an unknown customer', async () => {
    expect((await ordersOf('nobody')).data).toEqual([])
    expect((await ordersOf('no%20body')).data).toEqual([])
  })
})
