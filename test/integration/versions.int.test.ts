import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { z } from 'zod'
import { CONTRACTS } from '../../api/contracts.ts'
import type { sagaList } from '../../api/resources/sagas.ts'
import { ORDER_PARTICIPANTS } from '../../domain/participants.ts'
import { allSteps } from '../../domain/saga/step.ts'
import { bundleWorkflows } from '../../workers/bundle.ts'
import { ORDER_CONTENTS, orderDefinitions, orderSaga } from '../../workflows/order/steps.ts'
import { contractOf } from '../../workflows/saga/contract.ts'
import { outline } from '../../workflows/saga/definition.ts'
import { orderBody, type ApiClient, type Order, type OrderWishes } from '../harness/api-client.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { orderSaga2 } from '../harness/two-versions/steps.ts'

/**
 * In the middle of a release: the API and the workers know both versions, and one API is still of the release before.
 */
let folder: string
let system: System
let newer: ApiClient
let older: ApiClient
let olderUrl: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-versions-'))
  const bundle = path.join(folder, 'workflows.js')
  const entry = path.resolve(import.meta.dirname, '..', 'harness', 'two-versions', 'index.ts')
  await writeFile(bundle, await bundleWorkflows(entry))
  const order = contractOf('OrderSaga', [...orderDefinitions, orderSaga2], {
    contents: ORDER_CONTENTS,
    compose: () => orderSaga2,
  })
  system = await startSystem({ bundle, contracts: { ...CONTRACTS, order }, input: { pace: 0.25 } })
  newer = system.api
  ;({ api: older, apiUrl: olderUrl } = await system.openApi())
})
afterAll(async () => {
  await system.close()
  await rm(folder, { recursive: true, force: true })
})

const namesOf = ({ steps }: Order) => steps.map(({ name }) => name)
const statesOf = ({ steps }: Order) => Object.fromEntries(steps.map(({ name, state }) => [name, state]))
const FIRST = outline(orderSaga).map(({ name }) => name)
const SECOND = outline(orderSaga2).map(({ name }) => name)

const stepAfter = (names: readonly string[], name: string) => names[names.indexOf(name) + 1] ?? ''
const undoneEventOf = (name: string) =>
  allSteps(ORDER_PARTICIPANTS).find((step) => step.name === name)?.events.undone[0]

/** One order of each version, as each release starts them. */
const placeBoth = async (wishes: OrderWishes = {}) => {
  const [first, second] = [await older.place(wishes), await newer.place(wishes)]
  expect([first.definition, second.definition]).toEqual([orderSaga.name, orderSaga2.name])
  return { first, second }
}
const runBoth = async (wishes: OrderWishes = {}) => {
  const { first, second } = await placeBoth(wishes)
  return { first: await newer.ended(first.id), second: await newer.ended(second.id) }
}
const retry = async (api: ApiClient, id: string, step: string) => {
  const answer = await api.post(`/operations/orders/${id}/retry`, { step, reason: 'the gateway is back' })
  const { code, errors } = (await answer.json()) as { code?: string; errors?: { detail: string }[] }
  return [answer.status, code, errors?.[0]?.detail]
}
const versionOf = async (id: string, type: string) =>
  (await newer.events(id)).find((event) => event.type === type)?.version
const asOf = (id: string, version: number | undefined) =>
  newer.get<Order>(`/orders/${id}?asOfVersion=${version}`)

describe('the definitions of the sagas', () => {
  type Sagas = z.infer<typeof sagaList>
  const sagasOf = async (api: ApiClient) => (await api.get<Sagas>('/sagas')).data

  it('are all that the API knows, and say which of them new sagas are run by', async () => {
    const named = async (api: ApiClient) =>
      (await sagasOf(api)).map(({ kind, definition, isCurrent }) => [kind, definition, isCurrent])
    const others = [
      ['transfer', 'transfer@1', true],
      ['return', 'return@1', true],
    ]
    const first = (isCurrent: boolean) => orderDefinitions.map(({ name }) => ['order', name, isCurrent])
    expect(await named(older)).toEqual([...first(true), ...others])
    expect(await named(newer)).toEqual([...first(false), ['order', orderSaga2.name, true], ...others])
  })

  it('have their steps in order, with participant, provider and compensation', async () => {
    const sagas = await sagasOf(newer)
    const [first, second] = [orderSaga, orderSaga2].map(({ name }) =>
      sagas.find(({ definition }) => definition === name),
    )
    expect([first, second].map((saga) => saga?.steps.map(({ name }) => name))).toEqual([FIRST, SECOND])
    const [reserve, charge] = first?.steps ?? []
    expect([reserve, charge, ...(first?.steps.slice(-2) ?? [])]).toEqual([
      {
        name: 'reserveInventory',
        kind: 'compensatable',
        participant: 'inventory',
        provider: null,
        compensation: 'releaseInventory',
        events: { done: 'InventoryReserved', undone: ['InventoryReleased'] },
        isOptional: false,
      },
      {
        name: 'chargePayment',
        kind: 'compensatable',
        participant: 'payment',
        provider: 'payment',
        compensation: 'refundPayment',
        events: { done: 'PaymentCharged', undone: ['PaymentRefunded', 'PaymentVoided'] },
        isOptional: false,
      },
      {
        name: 'completeOrder',
        kind: 'pivot',
        participant: 'order',
        provider: null,
        compensation: null,
        events: { done: 'OrderCompleted', undone: [] },
        isOptional: false,
      },
      {
        name: 'notifyCustomer',
        kind: 'retriable',
        participant: 'notification',
        provider: null,
        compensation: null,
        events: { done: 'CustomerNotified', undone: [] },
        isOptional: true,
      },
    ])
  })
})

describe('orders of two versions at once', () => {
  it('wait for the same provider, each at its own step, and are completed', async () => {
    await system.world.break({ payment: 'down' })
    const { first, second } = await placeBoth()
    expect([namesOf(first), namesOf(second)]).toEqual([FIRST, SECOND])
    const isWaiting = [await newer.reached(first.id, 'waiting'), await newer.reached(second.id, 'waiting')]
    expect(isWaiting.map(namesOf)).toEqual([FIRST, SECOND])
    const waiting = [
      { reserveInventory: 'done', chargePayment: 'waiting' },
      { chargePayment: 'waiting', reserveInventory: 'pending' },
    ]
    expect(isWaiting.map(statesOf)).toMatchObject(waiting)
    expect(await newer.dependency('payment')).toMatchObject({ waiting: 2 })
    await system.world.mend()
    const ended = [await newer.ended(first.id), await newer.ended(second.id)]
    expect(ended.map(({ status }) => status)).toEqual(['completed', 'completed'])
    // As it was while it waited, from its events.
    for (const [index, { id }] of ended.entries()) {
      const past = await asOf(id, await versionOf(id, 'WaitingBegun'))
      expect([past.status, statesOf(past)]).toMatchObject(['waiting', waiting[index]])
    }
  })
})

describe.concurrent('an order of each version', () => {
  it('is undone in the reverse order of its own definition', async () => {
    const { first, second } = await runBoth({ service: 'refused' })
    expect([first.status, second.status]).toEqual(['rejected', 'rejected'])
    for (const [order, names] of [[first, FIRST] as const, [second, SECOND] as const]) {
      const undone = names.slice(0, names.indexOf('createShipment')).toReversed().map(undoneEventOf)
      const types = await newer.eventTypes(order.id)
      expect(types.slice(types.indexOf('CompensationBegun') + 1)).toEqual([...undone, 'OrderRejected'])
    }
    for (const { steps } of [first, second]) {
      const compensations = Object.fromEntries(steps.map(({ name, compensation }) => [name, compensation]))
      expect(compensations).toMatchObject({
        reserveInventory: 'done',
        chargePayment: 'done',
        createShipment: 'none',
      })
    }
  })

  it('is parked in sight, is judged by its own steps, and ends by a retry', async () => {
    const { first, second } = await placeBoth({ paymentMethod: 'pm_refund_fails_9', service: 'refused' })
    for (const { id } of [first, second]) await newer.reached(id, 'parked')
    const parked = await newer.parked('?step=chargePayment')
    expect(parked.map(({ orderId }) => orderId)).toEqual(expect.arrayContaining([first.id, second.id]))
    expect(await retry(newer, first.id, 'notifyCustomer')).toEqual([409, 'ORDER_NOT_PARKED', undefined])
    expect(await retry(newer, second.id, 'notifyCustomer')).toEqual([
      422,
      'UNKNOWN_STEP',
      `One of ${SECOND.join(', ')}.`,
    ])
    for (const { id } of [first, second]) {
      expect((await retry(newer, id, 'chargePayment'))[0]).toBe(202)
      expect(await newer.ended(id)).toMatchObject({ status: 'rejected' })
    }
  })

  it('is shown as it was, and streamed, with its own steps', async () => {
    const { first, second } = await runBoth()
    const firstReserved = await asOf(first.id, await versionOf(first.id, 'InventoryReserved'))
    expect(statesOf(firstReserved)).toMatchObject({
      reserveInventory: 'done',
      [stepAfter(FIRST, 'reserveInventory')]: 'running',
    })
    const secondCharged = await asOf(second.id, await versionOf(second.id, 'PaymentCharged'))
    expect(statesOf(secondCharged)).toMatchObject({
      chargePayment: 'done',
      [stepAfter(SECOND, 'chargePayment')]: 'running',
    })
    for (const [order, names] of [[first, FIRST] as const, [second, SECOND] as const]) {
      const sent = await streamOf(system.apiUrl, order.id)
      expect(sent.map(namesOf)).toEqual(sent.map(() => names))
      expect(sent.map(({ definition }) => definition)).toEqual(sent.map(() => order.definition))
      expect(sent.at(-1)?.status).toBe('completed')
    }
  })

  it('is found in the list with its own steps', async () => {
    const { first, second } = await runBoth({ customerId: 'cus_lists' })
    const { data } = await newer.get<{ data: Order[] }>('/orders?customerId=cus_lists')
    expect(data.map((order) => [order.id, namesOf(order)])).toEqual([
      [second.id, SECOND],
      [first.id, FIRST],
    ])
  })

  it('answers the same request again with the definition that it got at first', async () => {
    const first = await older.place({ key: 'across-the-release' })
    const headers = { 'idempotency-key': 'across-the-release' }
    const answer = await newer.post('/orders', orderBody(), headers)
    expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([202, 'true'])
    expect(await answer.json()).toEqual(first)
  })
})

describe.concurrent('an API that does not know the definition of an order', () => {
  it('shows the steps that are recorded, in the order in which they began', async () => {
    const { id } = await newer.run()
    const order = await older.order(id)
    expect(order).toMatchObject({ definition: orderSaga2.name, status: 'completed' })
    expect(order.steps.map(({ name, kind, state }) => [name, kind, state])).toEqual(
      SECOND.map((name) => [name, 'unknown', 'done']),
    )
    const sent = await streamOf(olderUrl, id)
    expect(sent.at(-1)).toEqual(order)
    expect(sent[0]?.steps).toEqual([])
  })

  it('lets an operator retry its parked step, and asks the row whether it is parked', async () => {
    const { id } = await newer.place({ paymentMethod: 'pm_refund_fails_9', service: 'refused' })
    await older.reached(id, 'parked')
    const parked = (await older.order(id)).steps.find(({ name }) => name === 'chargePayment')
    expect(parked).toMatchObject({ state: 'done', compensation: 'parked' })
    expect((await retry(older, id, 'nap')).slice(0, 2)).toEqual([409, 'ORDER_NOT_PARKED'])
    expect((await retry(older, id, 'chargePayment'))[0]).toBe(202)
    expect(await older.ended(id)).toMatchObject({ status: 'rejected' })
  })
})

describe('an order of a version that no worker knows yet', () => {
  it('waits for one that does, and nothing of it is lost', async () => {
    await system.stopWorkers()
    await system.startWorkers(inject('servers').bundle)
    const { id } = await newer.place()
    await until('a worker to find that it does not know the version', async () => {
      const { events } = await newer.history(id)
      return events.some(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_TASK_FAILED')
        ? true
        : undefined
    })
    expect(await newer.order(id)).toMatchObject({ definition: orderSaga2.name, status: 'pending' })
    await system.stopWorkers()
    await system.startWorkers()
    expect(await newer.ended(id)).toMatchObject({ status: 'completed' })
  })
})

describe('afterwards', () => {
  it('every invariant holds', async () => {
    expect(await newer.invariants()).toMatchObject({ ok: true })
    // What it does not know it does not judge.
    expect(await older.invariants()).toMatchObject({ ok: true })
  })
})

/** The orders that a stream sends, until the order ends. */
async function streamOf(apiUrl: string, id: string): Promise<Order[]> {
  const text = await (await fetch(`${apiUrl}/orders/${id}/stream`)).text()
  return [...text.matchAll(/^data: ?(.*)$/gm)].map(([, data]) => JSON.parse(data ?? '') as Order)
}
