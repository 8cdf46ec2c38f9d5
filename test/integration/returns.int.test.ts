import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Order, Return } from '../harness/api-client.ts'
import { openTestPool } from '../harness/database.ts'
import { caughtUp } from '../harness/read-models.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 0.02 } })
})
afterAll(() => system.close())

const BECAUSE = { reason: 'It leaks.' }
const SEEN = { reason: 'Looked at the photograph.' }

const codeOf = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code]

const ask = (orderId: string, body: unknown, key: string = randomUUID()) =>
  system.api.post(`/orders/${orderId}/returns`, body, { 'idempotency-key': key })

const decide = async (id: string, verb: 'approve' | 'refuse') =>
  (await system.api.post(`/operations/returns/${id}/${verb}`, SEEN)).status

const eventsOf = async ({ api }: System, id: string) =>
  (await api.get<{ data: { type: string }[] }>(`/returns/${id}/events`)).data.map(({ type }) => type)

/** Two kinds of tea, for a customer of its own: 4 × 795 + 650 = 3830, 38 points. */
const LINES = [
  { sku: 'TEA-001', quantity: 4 },
  { sku: 'TEA-002', quantity: 1 },
]

const completed = (customerId: string, wishes = {}): Promise<Order> =>
  system.api.run({ customerId, lines: LINES, ...wishes })

/** What stands of a refunded return: one entry in each ledger, and the order as it was. */
async function expectRefunded(refunded: Return): Promise<void> {
  const { api, db } = system
  const { id, orderId, amountMinor, lines } = refunded
  expect(refunded.steps.map(({ name, state }) => [name, state])).toEqual([
    ['restockReturn', 'done'],
    ['revokeReturnPoints', 'done'],
    ['refundReturn', 'done'],
  ])
  const { refunds, charges } = await api.ledger(orderId)
  expect(refunds.filter(({ key }) => key.includes(id))).toMatchObject([
    { chargeKey: `order:${orderId}:chargePayment`, amountMinor },
  ])
  expect(charges).toMatchObject([{ state: 'charged' }])
  const restocked = await db.stockReturn.findMany({ where: { returnId: id }, orderBy: { sku: 'asc' } })
  expect(restocked.map(({ sku, quantity }) => ({ sku, quantity }))).toEqual(
    lines.map(({ sku, quantity }) => ({ sku, quantity })).toSorted((a, b) => a.sku.localeCompare(b.sku)),
  )
  expect(await api.order(orderId)).toMatchObject({ status: 'completed' })
}

const expectInvariants = async () =>
  expect((await system.api.invariants()).checks.filter(({ ok }) => !ok)).toEqual([])

describe('a return', () => {
  it('is asked for, approved, received and refunded; its order stays completed', async () => {
    const { api, world } = system
    const order = await completed('cus_whole', { lines: [{ sku: 'LAST-001', quantity: 3 }] })
    const sold = await api.product('LAST-001')
    const asked = await api.askToReturn(order.id, BECAUSE)
    expect(asked).toMatchObject({
      orderId: order.id,
      customerId: 'cus_whole',
      status: 'requested',
      amountMinor: order.totalMinor,
      lines: [{ sku: 'LAST-001', quantity: 3 }],
      decision: null,
      parcelReceivedAt: null,
      definition: 'return@1',
    })
    expect(Date.parse(asked.deadlineAt) - Date.parse(asked.createdAt)).toBe(30 * 24 * 3_600_000)
    expect(await decide(asked.id, 'approve')).toBe(202)
    expect(await api.return(asked.id)).toMatchObject({
      status: 'approved',
      decision: { outcome: 'approved', by: 'operator' },
    })
    expect(await api.product('LAST-001')).toEqual(sold)
    await world.receiveParcel(asked.id)
    await expectRefunded(await api.returned(asked.id, 'refunded'))
    expect(await api.product('LAST-001')).toMatchObject({
      available: sold.available + 3,
      sold: sold.sold - 3,
      reserved: sold.reserved,
    })
    const loyalty = await api.loyalty('cus_whole')
    expect([loyalty.balance, loyalty.entries.map(({ kind }) => kind)]).toEqual([0, ['awarded', 'returned']])
    expect(await api.get(`/orders/${order.id}/returns`)).toMatchObject({ data: [{ id: asked.id }] })
    const told = (await eventsOf(system, asked.id)).filter((type) => !type.endsWith('Begun'))
    expect(told).toEqual([
      'ReturnRequested',
      'ReturnApproved',
      'ParcelReceived',
      'ReturnReceived',
      'ReturnPointsRevoked',
      'ReturnRefunded',
    ])
    await expectInvariants()
  })

  it('comes to the same whatever is said first, and how often', async () => {
    const { api, world } = system
    const messages = {
      approve: async (id: string) => void (await decide(id, 'approve')),
      parcel: (id: string) => world.receiveParcel(id),
    }
    const orders: (keyof typeof messages)[][] = [
      ['approve', 'parcel'],
      ['parcel', 'approve'],
      ['parcel', 'parcel', 'approve', 'approve'],
      ['approve', 'approve', 'parcel', 'parcel'],
      ['parcel', 'approve', 'parcel', 'approve'],
      ['approve', 'parcel', 'approve', 'parcel'],
    ]
    await Promise.all(
      orders.map(async (said, index) => {
        const order = await completed(`cus_any_${index}`)
        const { id } = await api.askToReturn(order.id, BECAUSE)
        // One of them is heard of before the next is said, in every other run.
        for (const message of said) {
          await messages[message](id)
          if (index % 2 === 1 && message === 'parcel')
            await until('the parcel to be heard of', async () =>
              (await api.return(id)).parcelReceivedAt === null ? undefined : true,
            )
        }
        await expectRefunded(await api.returned(id, 'refunded'))
        const told = await eventsOf(system, id)
        for (const once of ['ReturnApproved', 'ParcelReceived', 'ReturnReceived', 'ReturnRefunded'])
          expect([once, told.filter((type) => type === once).length]).toEqual([once, 1])
        expect((await api.loyalty(`cus_any_${index}`)).balance).toBe(0)
        // All of it said again, late: nothing comes of it.
        for (const message of said) await messages[message](id)
        expect(await eventsOf(system, id)).toEqual(told)
      }),
    )
    await expectInvariants()
  })

  it('is approved by rule where little is at stake, and decided once', async () => {
    const { api, world } = system
    const order = await completed('cus_rule')
    const small = await api.askToReturn(order.id, { ...BECAUSE, lines: [{ sku: 'TEA-001', quantity: 2 }] })
    expect(small).toMatchObject({ status: 'approved', amountMinor: 1590, decision: { by: 'rule' } })
    expect(await decide(small.id, 'approve')).toBe(200)
    expect(await codeOf(await api.post(`/operations/returns/${small.id}/refuse`, SEEN))).toEqual([
      409,
      'RETURN_NOT_OPEN',
    ])
    const large = await api.askToReturn(order.id, BECAUSE)
    expect(large).toMatchObject({ status: 'requested', amountMinor: 3830 - 1590 })
    expect(await decide(large.id, 'refuse')).toBe(202)
    expect(await api.return(large.id)).toMatchObject({ status: 'refused', decision: { outcome: 'refused' } })
    expect(await decide(large.id, 'refuse')).toBe(200)
    expect(await codeOf(await api.post(`/operations/returns/${large.id}/approve`, SEEN))).toEqual([
      409,
      'RETURN_NOT_OPEN',
    ])
    await world.receiveParcel(large.id)
    await world.receiveParcel(small.id)
    await api.returned(small.id, 'refunded')
    await until('the refused return to be over', async () =>
      (await eventsOf(system, large.id)).includes('ReturnClosed') ? true : undefined,
    )
    expect(await api.return(large.id)).toMatchObject({ status: 'refused' })
    // What was refused can be asked for again.
    expect(await api.askToReturn(order.id, BECAUSE)).toMatchObject({ amountMinor: 3830 - 1590 })
    await expectInvariants()
  })

  it('is of some lines, several times, until nothing is left; points follow what stays', async () => {
    const { api, world } = system
    const order = await completed('cus_parts')
    const parts = [
      { lines: [{ sku: 'TEA-001', quantity: 1 }], points: 30 },
      { lines: [{ sku: 'TEA-002', quantity: 1 }], points: 23 },
      { lines: [{ sku: 'TEA-001', quantity: 2 }], points: 7 },
      { lines: undefined, points: 0 },
    ]
    for (const { lines, points } of parts) {
      const { id } = await api.askToReturn(order.id, {
        ...BECAUSE,
        ...(lines === undefined ? {} : { lines }),
      })
      await world.receiveParcel(id)
      await expectRefunded(await api.returned(id, 'refunded'))
      expect((await api.loyalty('cus_parts')).balance).toBe(points)
    }
    const { refunds } = await api.ledger(order.id)
    expect(refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(order.totalMinor)
    expect(await codeOf(await ask(order.id, BECAUSE))).toEqual([409, 'ORDER_NOT_RETURNABLE'])
    await expectInvariants()
  })

  it('takes each point once when several of one order end at the same moment', async () => {
    const { api, world } = system
    const order = await completed('cus_at_once', { lines: [{ sku: 'TEA-001', quantity: 8 }] })
    const returns = await Promise.all(
      Array.from({ length: 8 }, () =>
        api.askToReturn(order.id, { ...BECAUSE, lines: [{ sku: 'TEA-001', quantity: 1 }] }),
      ),
    )
    await Promise.all(returns.map(({ id }) => world.receiveParcel(id)))
    await Promise.all(returns.map(({ id }) => api.returned(id, 'refunded')))
    expect((await api.loyalty('cus_at_once')).balance).toBe(0)
    await expectInvariants()
  })
})

describe('a request for a return', () => {
  it('is refused for what was not bought, or was sent back before', async () => {
    const order = await completed('cus_refused')
    const invalid: [unknown, string?][] = [
      [{ ...BECAUSE, lines: [] }, '/lines'],
      [{ ...BECAUSE, lines: [{ sku: 'TEA-001', quantity: 0 }] }, '/lines/0/quantity'],
      [{ ...BECAUSE, lines: [{ sku: 'TEA-001', quantity: 1.5 }] }, '/lines/0/quantity'],
      [{ ...BECAUSE, lines: [{ sku: 'TEA-001', quantity: 5 }] }, '/lines/0'],
      [{ ...BECAUSE, lines: [LINES[1], { sku: 'LAST-001', quantity: 1 }] }, '/lines/1'],
      [{ ...BECAUSE, lines: [{ sku: 'NO-SUCH', quantity: 1 }] }, '/lines/0'],
      [{ ...BECAUSE, lines: [LINES[1], LINES[1]] }, '/lines/1/sku'],
      [{ ...BECAUSE, more: 1 }],
      [{ reason: '' }, '/reason'],
      [{ reason: 'my card is 4111 1111 1111 1111' }, '/reason'],
      [{}, '/reason'],
      [[]],
    ]
    for (const [body, pointer] of invalid) {
      const answer = await ask(order.id, body)
      const problem = (await answer.json()) as { code: string; errors?: { pointer: string }[] }
      expect([answer.status, problem.code]).toEqual([422, 'INVALID_RETURN'])
      if (pointer !== undefined) expect(problem.errors?.map((error) => error.pointer)).toContain(pointer)
    }
    expect(await system.db.return.count({ where: { orderId: order.id } })).toBe(0)
    expect(await codeOf(await ask(randomUUID(), BECAUSE))).toEqual([404, 'ORDER_NOT_FOUND'])
    const rejected = await completed('cus_rejected', { paymentMethod: 'pm_declined' })
    expect(await codeOf(await ask(rejected.id, BECAUSE))).toEqual([409, 'ORDER_NOT_RETURNABLE'])
    const digital = await completed('cus_digital', { lines: [{ sku: 'EBK-001', quantity: 1 }] })
    expect(await codeOf(await ask(digital.id, BECAUSE))).toEqual([409, 'ORDER_NOT_RETURNABLE'])
    const mixed = await completed('cus_mixed', { lines: [...LINES, { sku: 'EBK-001', quantity: 1 }] })
    expect(await (await ask(mixed.id, BECAUSE)).json()).toMatchObject({ amountMinor: 3830 })
  })

  it('is one return for one key, whatever has become of it', async () => {
    const { api } = system
    const [order, other] = [await completed('cus_keys'), await completed('cus_keys')]
    const key = randomUUID()
    const first = await ask(order.id, BECAUSE, key)
    const placed = (await first.json()) as Return
    expect([first.status, first.headers.get('location')]).toEqual([202, `/returns/${placed.id}`])
    await decide(placed.id, 'refuse')
    const again = await ask(order.id, BECAUSE, key)
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([202, 'true'])
    expect(await again.json()).toEqual(placed)
    expect(await codeOf(await ask(order.id, { reason: 'Other' }, key))).toEqual([
      422,
      'IDEMPOTENCY_KEY_REUSED',
    ])
    expect(await codeOf(await ask(other.id, BECAUSE, key))).toEqual([422, 'IDEMPOTENCY_KEY_REUSED'])
    expect(await codeOf(await api.post(`/orders/${order.id}/returns`, BECAUSE))).toEqual([
      400,
      'IDEMPOTENCY_KEY_MISSING',
    ])
  })

  it('that comes twenty times at once is one, and of twenty for the last item one is taken', async () => {
    const twins = await completed('cus_twins')
    const key = randomUUID()
    const same = await Promise.all(Array.from({ length: 20 }, () => ask(twins.id, BECAUSE, key)))
    const ids = new Set<string>()
    for (const answer of same) {
      if (answer.status === 202) ids.add(((await answer.json()) as Return).id)
      else expect(await codeOf(answer)).toEqual([409, 'IDEMPOTENCY_KEY_IN_USE'])
    }
    expect(ids.size).toBe(1)
    const last = await completed('cus_last', { lines: [{ sku: 'TEA-001', quantity: 1 }] })
    const rivals = await Promise.all(Array.from({ length: 20 }, () => ask(last.id, BECAUSE)))
    expect(rivals.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      202,
      ...Array.from({ length: 19 }, () => 409),
    ])
    await expectInvariants()
  })

  it('is not taken in while the intake is paused', async () => {
    const { api } = system
    const order = await completed('cus_paused')
    await api.maintain({ intake: 'paused', reason: 'tested' })
    try {
      expect(await codeOf(await ask(order.id, BECAUSE))).toEqual([503, 'INTAKE_PAUSED'])
    } finally {
      await api.maintain({ intake: 'open', reason: 'tested' })
    }
  })
})

describe('in trouble, a return', () => {
  it.each(['restockReturn', 'revokeReturnPoints', 'refundReturn'])(
    'is refunded once when %s fails, or its answer is lost',
    async (step) => {
      const { api, world, interferences } = system
      await Promise.all(
        (['faults', 'loses its reply'] as const).map(async (kind) => {
          const party = `cus_${step}_${kind.slice(0, 5)}`
          interferences.plan(party, step, { kind, times: 3 })
          const order = await completed(party)
          const { id } = await api.askToReturn(order.id, BECAUSE)
          await world.receiveParcel(id)
          await decide(id, 'approve')
          await expectRefunded(await api.returned(id, 'refunded'))
          expect(interferences.isMet(party, step)).toBe(true)
          expect((await api.loyalty(party)).balance).toBe(0)
        }),
      )
      await expectInvariants()
    },
  )

  it('waits for a gateway that refuses to give money back, is parked in sight, and ends by an operator', async () => {
    const { api, world } = system
    const order = await completed('cus_stuck', { paymentMethod: 'pm_refund_fails' })
    const { id } = await api.askToReturn(order.id, BECAUSE)
    await decide(id, 'approve')
    await world.receiveParcel(id)
    const parked = await until('the refund to be parked', async () =>
      (await api.parked('?kind=return')).find((step) => step.returnId === id),
    )
    expect(parked).toMatchObject({ kind: 'return', step: 'refundReturn', amountMinor: 3830 })
    expect(await api.return(id)).toMatchObject({ status: 'received' })
    await expectInvariants()
    const at = `/operations/returns/${id}`
    expect((await api.post(`${at}/retry`, SEEN)).status).toBe(202)
    expect(await codeOf(await api.post(`${at}/skip`, { step: 'chargePayment', ...SEEN }))).toEqual([
      422,
      'UNKNOWN_STEP',
    ])
    expect((await api.post(`${at}/skip`, { step: 'refundReturn', ...SEEN })).status).toBe(202)
    await until('the workflow to end', async () =>
      (await system.client.workflow.getHandle(`return-${id}`).describe()).status.name === 'COMPLETED'
        ? true
        : undefined,
    )
    // Written off: it was received, and never refunded.
    expect(await api.return(id)).toMatchObject({ status: 'received' })
    await expectInvariants()
  })

  it('survives a gateway that fails three times, and a carrier that is away or has lost its list', async () => {
    const { api, world, db } = system
    const order = await completed('cus_flaky', { paymentMethod: 'pm_refund_fails_3' })
    await world.break({ shipping: 'down' })
    const { id } = await api.askToReturn(order.id, BECAUSE)
    await world.receiveParcel(id)
    await decide(id, 'approve')
    await db.parcelFeed.updateMany({ data: { cursor: '1000000' } })
    await world.mend()
    await expectRefunded(await api.returned(id, 'refunded'))
    await expectInvariants()
  })

  it('comes home when its workflow was terminated while it waited', async () => {
    const { api, world, client } = system
    const order = await completed('cus_lost')
    const { id } = await api.askToReturn(order.id, BECAUSE)
    await until('it to wait', async () =>
      (await api.return(id)).steps[0]?.state === 'waiting' ? true : undefined,
    )
    await client.workflow.getHandle(`return-${id}`).terminate('tested')
    await decide(id, 'approve')
    await world.receiveParcel(id)
    await expectRefunded(await api.returned(id, 'refunded'))
  })
})

it('a return that waits is looked for at Temporal once a day', async () => {
  const patient = await startSystem({ input: { pace: 0.02 }, orphanAfterSeconds: 0.5 })
  try {
    const { api, db } = patient
    const order = await api.run({ lines: LINES })
    const { id } = await api.askToReturn(order.id, BECAUSE)
    const found = await until('its workflow to be looked for', async () => {
      const watch = await db.sagaWatch.findUnique({ where: { sagaId: id } })
      return watch !== null && watch.checks > 0 ? watch : undefined
    })
    expect((found.checkAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(23 * 3_600_000)
  } finally {
    await patient.close()
  }
})

it('what came back is in the stock report, too', async () => {
  const told = await startSystem({ input: { pace: 0.02 }, events: true })
  try {
    const { api, world, db, databaseUrl } = told
    const order = await api.run({ lines: LINES })
    const { id } = await api.askToReturn(order.id, { ...BECAUSE, lines: [{ sku: 'TEA-001', quantity: 2 }] })
    await world.receiveParcel(id)
    await api.returned(id, 'refunded')
    await api.notified(order.id)
    const pool = openTestPool(databaseUrl, 1)
    await caughtUp({ db, pool })
    await pool.end()
    const { data } = await api.get<{ data: { sku: string; available: number; sold: number }[] }>(
      '/reports/stock',
    )
    const { available, sold } = await api.product('TEA-001')
    expect(data.find(({ sku }) => sku === 'TEA-001')).toMatchObject({ available, sold })
    expect(sold).toBe(2)
    expect((await api.invariants()).checks.filter(({ ok }) => !ok)).toEqual([])
  } finally {
    await told.close()
  }
})

describe('when its time is over, a return', () => {
  it('expires, gives its lines free, and takes note of a parcel that comes after all', async () => {
    const late = await startSystem({ input: { pace: 0.02 }, returnExpiresAfterSeconds: 3 })
    try {
      const { api, world } = late
      const order = await api.run({ customerId: 'cus_expired', lines: LINES })
      const undecided = await api.askToReturn(order.id, BECAUSE)
      await api.returned(undecided.id, 'expired')
      expect(await codeOf(await api.post(`/operations/returns/${undecided.id}/approve`, SEEN))).toEqual([
        409,
        'RETURN_NOT_OPEN',
      ])
      await world.receiveParcel(undecided.id)
      const sent = await api.askToReturn(order.id, { ...BECAUSE, lines: [{ sku: 'TEA-001', quantity: 1 }] })
      expect(sent.status).toBe('approved')
      await api.returned(sent.id, 'expired')
      await api.askToReturn(order.id, BECAUSE)
      await until('the late parcel to be noted', async () =>
        (await api.return(undecided.id)).parcelReceivedAt === null ? undefined : true,
      )
      expect(await api.return(undecided.id)).toMatchObject({ status: 'expired' })
      expect((await api.ledger(order.id)).refunds).toEqual([])
      expect((await api.invariants()).checks.filter(({ ok }) => !ok)).toEqual([])
    } finally {
      await late.close()
    }
  })

  it('is refunded all the same when everything had been said, and nobody was there to look', async () => {
    const late = await startSystem({ input: { pace: 0.02 }, returnExpiresAfterSeconds: 3 })
    try {
      const { api, world, db } = late
      const order = await api.run({ customerId: 'cus_unseen', lines: LINES })
      await api.notified(order.id)
      await late.stopWorkers()
      const { id, deadlineAt } = await api.askToReturn(order.id, BECAUSE)
      await api.post(`/operations/returns/${id}/approve`, SEEN)
      await db.$queryRaw`SELECT 1 FROM return_parcel_received(${id}::uuid)`
      await until('its time to be over', () => (Date.now() > Date.parse(deadlineAt) + 500 ? true : undefined))
      await late.startWorkers()
      await api.returned(id, 'refunded')
      expect((await api.ledger(order.id)).refunds).toHaveLength(1)
      await world.mend()
      expect((await api.invariants()).checks.filter(({ ok }) => !ok)).toEqual([])
    } finally {
      await late.close()
    }
  })
})
