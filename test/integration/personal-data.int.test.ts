import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import express from 'express'
import type { z } from 'zod'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { timeline } from '../../api/resources/timeline.ts'
import { address, orderBody, type Order, type Transfer } from '../harness/api-client.ts'
import { openTestPool } from '../harness/database.ts'
import { writeEndedOrders } from '../harness/ended-orders.ts'
import { failingUntilRetried, heldUntilCancelWished, untilReleased } from '../harness/holds.ts'
import { until } from '../harness/poll.ts'
import { caughtUp } from '../harness/read-models.ts'
import { createLogger } from '../../logger.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { startWorld, type World } from '../harness/world.ts'

/** What is told of one person, each in words that are nowhere else. */
const TOLD = {
  name: 'Zebedee Quillfeather',
  street: '17 Wychwood Mews',
  token: 'pm_slow_37',
  cancel: 'my cat Griselda fell ill',
  transfer: 'my landlord Humphrey is away',
  operator: 'Mrs Quillfeather-Smythe rang',
  returned: 'the pot bit my uncle Barnaby',
}
const OTHER = 'Cornelius Thistlewood'
const PERSON = 'cus_person'
const NOTHING = Object.fromEntries(Object.keys(TOLD).map((what) => [what, []]))

const folder = mkdtempSync(path.join(os.tmpdir(), 'ordersaga-person-'))
const ledgerFile = path.join(folder, 'ledger.jsonl')
const logLines: string[] = []
/** What the carrier was sent, as JSON. */
const shipped: string[] = []

let system: System
let world: World
beforeAll(async () => {
  const parse = express.json()
  world = await startWorld(
    (request, response, next) =>
      parse(request, response, (error?: unknown) => {
        if (request.path === '/shipments') shipped.push(JSON.stringify(request.body))
        next(error)
      }),
    ledgerFile,
  )
  const log = createLogger('test', { LOG_LEVEL: 'trace' }, { write: (line) => void logLines.push(line) })
  system = await startSystem({ world, log, events: true, personalDataDays: 30, input: { pace: 0.05 } })
})
afterAll(async () => {
  await system.close()
  rmSync(folder, { recursive: true, force: true })
})

async function place(customerId: string, name: string, street: string, wishes = {}): Promise<Order> {
  const body = orderBody({ customerId, paymentMethod: TOLD.token, ...wishes })
  const shipping = { ...body.shipping, address: { ...address, name, line1: street } }
  const order = { ...body, shipping }
  const answer = await system.api.post('/orders', order, { 'idempotency-key': randomUUID() })
  expect(answer.status).toBe(202)
  return (await answer.json()) as Order
}

const placePersons = (wishes = {}) => place(PERSON, TOLD.name, TOLD.street, wishes)

/** Every table that holds a text in any of its columns, in any row. */
async function tablesWith(text: string): Promise<string[]> {
  const tables = await system.admin.$queryRaw<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1`
  const found: string[] = []
  for (const { name } of tables) {
    const [row] = await system.admin.$queryRawUnsafe<{ has: boolean }[]>(
      `SELECT EXISTS (SELECT FROM "${name}" AS t WHERE position($1 in row_to_json(t)::text) > 0) AS has`,
      text,
    )
    if (row?.has === true) found.push(name)
  }
  return found
}

/** The histories of all workflows of this system, with what is encoded in them. */
async function histories(): Promise<string> {
  const workflows = await system.db.saga.findMany({ select: { id: true, definition: true } })
  const texts = await Promise.all(
    workflows.map(async ({ id, definition }) => {
      const handle = system.client.workflow.getHandle(`${definition.split('@')[0]}-${id}`)
      return JSON.stringify([await handle.fetchHistory(), await handle.describe()], (_key, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString() : value,
      )
    }),
  )
  return texts.join('\n')
}

/** Where each thing that was told is found: the tables by name, and whatever else keeps something. */
async function whereabouts(): Promise<Record<string, readonly string[]>> {
  const elsewhere = {
    'the histories': await histories(),
    'the logs': logLines.join('\n'),
    'the ledger': readFileSync(ledgerFile, 'utf8') + JSON.stringify(await system.api.ledger()),
  }
  const found = Object.entries(TOLD).map(async ([what, text]) => {
    const others = Object.entries(elsewhere).flatMap(([place, all]) => (all.includes(text) ? [place] : []))
    return [what, [...(await tablesWith(text)), ...others]] as const
  })
  return Object.fromEntries(await Promise.all(found))
}

const timelineOf = (id: string) => system.api.get<z.infer<typeof timeline>>(`/orders/${id}/timeline`)

const applied = async () => {
  const pool = openTestPool(system.databaseUrl, 1)
  await caughtUp({ db: system.db, pool })
  await pool.end()
}

/**
 * A completed order of which something is to come back, a cancelled one, one with which an operator was busy, and a cancelled
 * transfer.
 */
async function live() {
  const completed = (await system.api.ended((await placePersons()).id)).id
  const back = await system.api.askToReturn(completed, { reason: TOLD.returned })
  system.interferences.plan(PERSON, 'createShipment', heldUntilCancelWished(system.db))
  const cancelled = (await placePersons()).id
  await system.api.cancel(cancelled, TOLD.cancel)
  await system.api.ended(cancelled)
  system.interferences.plan(PERSON, 'createShipment', { kind: 'faults', times: 0 })
  system.interferences.plan(PERSON, 'refundPayment', failingUntilRetried(system.db))
  const parked = (await placePersons({ service: 'refused' })).id
  await system.api.reached(parked, 'parked')
  await system.api.post(`/operations/orders/${parked}/retry`, { reason: TOLD.operator })
  await system.api.ended(parked)

  const account = { id: 'acc_person', ownerId: PERSON, currency: 'EUR', openingBalanceMinor: 500 }
  expect((await system.api.post('/accounts', account)).status).toBe(201)
  await system.api.openAccount('acc_other', 0)
  system.interferences.plan('acc_person', 'withdrawMoney', heldUntilCancelWished(system.db))
  const transfer = await system.api.transfer('acc_person', 'acc_other', 100)
  await system.api.post(`/transfers/${transfer.id}/cancel`, { reason: TOLD.transfer })
  await system.api.transferEnded(transfer.id)
  return { completed, cancelled, parked, transfer: transfer.id, back: back.id }
}

it('what is personal is where it can be erased, and after an erasure nowhere', async () => {
  const { completed, cancelled, parked, transfer, back } = await live()
  const others = await place('cus_other', OTHER, '1 High St')
  await system.api.ended(others.id)
  const carrier = untilReleased()
  system.interferences.plan(PERSON, 'createShipment', carrier.held)
  const open = (await placePersons()).id
  await until('the open order to be charged', async () =>
    (await system.api.eventTypes(open)).includes('PaymentCharged') ? true : undefined,
  )
  await applied()

  expect(await whereabouts()).toEqual({
    name: ['order_addresses'],
    street: ['order_addresses'],
    // A provider keeps what it was given to pay with: by it the sandbox knows how to behave.
    token: ['orders', 'the ledger'],
    // What staff writes is in the record of who did what, too.
    cancel: ['audit_reasons', 'sagas'],
    transfer: ['audit_reasons', 'sagas'],
    operator: ['audit_reasons', 'operator_reasons'],
    returned: ['returns'],
  })
  expect((await system.api.order(cancelled)).reason).toMatchObject({ detail: TOLD.cancel })
  expect((await timelineOf(parked)).actions).toMatchObject([{ reason: TOLD.operator }])

  const erase = (body: unknown) =>
    fetch(`${system.apiUrl}/customers/${PERSON}/personal-data`, {
      method: 'DELETE',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  expect((await erase({})).status).toBe(422)
  const answer = await erase({ reason: `${TOLD.name} asked for it` })
  expect([answer.status, await answer.json()]).toEqual([202, { status: 'accepted' }])
  expect((await erase({ reason: 'asked twice' })).status).toBe(202)

  // The open order keeps what it needs, and so does the return whose parcel is on its way; nothing else is kept.
  await until('all but the open order to be erased', async () =>
    (await system.db.orderAddress.count({ where: { order: { customerId: PERSON } } })) === 1
      ? true
      : undefined,
  )
  expect(await whereabouts()).toEqual({
    ...NOTHING,
    name: ['order_addresses'],
    street: ['order_addresses'],
    token: ['orders', 'the ledger'],
    returned: ['returns'],
  })
  expect(await system.db.erasure.count({ where: { finishedAt: null } })).toBe(1)
  const before = shipped.length
  await world.receiveParcel(back)
  carrier.release()
  expect(await system.api.ended(open)).toMatchObject({ status: 'completed' })
  expect(shipped.slice(before).join('\n')).toContain(TOLD.name)
  await until('the erasure to be finished', async () =>
    (await system.db.erasure.count({ where: { finishedAt: null } })) === 0 ? true : undefined,
  )
  await system.api.notified(open)
  await applied()
  // The other customer paid with such a token, too.
  expect(await whereabouts()).toEqual({ ...NOTHING, token: ['orders', 'the ledger'] })
  expect(await tablesWith(OTHER)).toEqual(['order_addresses'])
  expect(await system.db.order.findMany({ where: { paymentMethod: TOLD.token } })).toMatchObject([
    { id: others.id },
  ])

  for (const id of [completed, cancelled, parked, open]) {
    expect(await system.api.order(id)).toMatchObject({ customerId: PERSON, totalMinor: 1590 })
    await timelineOf(id)
  }
  expect((await system.api.order(cancelled)).reason).toMatchObject({
    code: 'CANCELLED_BY_CUSTOMER',
    detail: null,
  })
  expect((await timelineOf(parked)).actions).toMatchObject([{ action: 'retry', reason: null }])
  expect((await system.api.get<Transfer>(`/transfers/${transfer}`)).reason).toMatchObject({ detail: null })
  for (const list of [`/orders?customerId=${PERSON}`, `/customers/${PERSON}/orders`])
    expect((await system.api.get<{ data: unknown[] }>(list)).data).toHaveLength(4)
  expect(await system.api.invariants()).toMatchObject({ ok: true })
})

it('what is personal of an order is erased by its age, where that is set', async () => {
  const addresses = () => system.db.orderAddress.count({ where: { order: { customerId: 'cus_long_ago' } } })
  await writeEndedOrders(system.db, { customerId: 'cus_long_ago', count: 3, daysAgo: 31 })
  await until('the old orders to be erased', async () => ((await addresses()) === 0 ? true : undefined))
  const back = await system.api.run({ lines: [{ sku: 'TEA-001', quantity: 4 }] })
  const { id } = await system.api.askToReturn(back.id, { reason: TOLD.returned })
  await system.api.post(`/operations/returns/${id}/refuse`, { reason: TOLD.operator })
  await until('the return to be over', async () =>
    (await system.db.saga.findUniqueOrThrow({ where: { id } })).status === 'rejected' ? true : undefined,
  )
  expect(await tablesWith(TOLD.returned)).toEqual(['returns'])
  // As if that had been long ago.
  const longAgo = v7({ msecs: Date.now() - 31 * 24 * 3_600_000 })
  await system.admin.$transaction(async (db) => {
    await db.$executeRawUnsafe(`SET LOCAL session_replication_role = replica`)
    await db.$executeRaw`UPDATE returns SET id = ${longAgo}::uuid WHERE id = ${id}::uuid`
    await db.$executeRaw`UPDATE return_lines SET return_id = ${longAgo}::uuid WHERE return_id = ${id}::uuid`
    await db.$executeRaw`UPDATE operator_actions SET saga_id = ${longAgo}::uuid WHERE saga_id = ${id}::uuid`
    await db.$executeRaw`UPDATE step_fences SET saga_id = ${longAgo}::uuid WHERE saga_id = ${id}::uuid`
    await db.$executeRaw`
      UPDATE sagas SET id = ${longAgo}::uuid, updated_at = now() - interval '31 days' WHERE id = ${id}::uuid`
  })
  await until('its words to be erased', async () =>
    (await system.db.return.findUniqueOrThrow({ where: { id: longAgo } })).reason === null ? true : undefined,
  )
  expect(await tablesWith(TOLD.returned)).toEqual([])
  expect(await tablesWith(TOLD.operator)).not.toContain('operator_reasons')
  expect(await tablesWith(OTHER)).toEqual(['order_addresses'])
})
