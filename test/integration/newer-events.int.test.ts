import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOrderJournal } from '../../domain/order/journal.ts'
import { sagaStream } from '../../domain/saga/ids.ts'
import type { EventEnvelope } from '../../events/broker/envelope.ts'
import { PROJECTIONS } from '../../read-models/registry.ts'
import type { Order } from '../harness/api-client.ts'
import { readStream } from '../harness/event-stream.ts'
import { placeOrderRow } from '../harness/order-rows.ts'
import { until } from '../harness/poll.ts'
import { rebuildsDone, wishRebuilds } from '../harness/read-models.ts'
import { startSystem } from '../harness/start.ts'
import { attemptStep } from '../harness/steps.ts'
import type { System } from '../harness/system.ts'

/** In the middle of a release: the functions of the next one write events, and all processes are of this one. */
let system: System
beforeAll(async () => {
  system = await startSystem({ workers: false, events: true })
})
afterAll(() => system.close())

const NAMES = PROJECTIONS.map(({ name }) => name)

const ask = async (path: string, init?: RequestInit) => {
  const response = await fetch(system.apiUrl + path, init)
  const { code } = (await response.json()) as { code?: string }
  return [response.status, response.headers.get('retry-after'), code]
}
const REFUSED = [503, '1', 'DEPENDENCY_UNAVAILABLE']

/** An order with one reserved step, at version 2. */
async function placeReserved(customerId: string): Promise<string> {
  const id = await placeOrderRow(system.db, { customerId })
  await attemptStep(system.db, 'reserveInventory', id)
  return id
}

/** The third event of an order, as a newer release writes it; a cancel is the fourth. */
async function writeNewer(id: string, { type, schemaVersion }: Newer): Promise<void> {
  await system.db.$queryRaw`
    SELECT 1 FROM saga_advance(${id}::uuid, 'waiting', ${type}, ${NEWER}::jsonb, ${schemaVersion}::integer)`
  await createOrderJournal({ db: system.db }).cancel(id, 'anna')
}

interface Newer {
  type: string
  schemaVersion: number
}
const NEWER = { steps: ['chargePayment'] }
const KNOWN = { step: 'chargePayment', waitingFor: 'PROVIDER_ERROR' }

/** As if the next release had been deployed: what it knows is given to this one in a form that it knows, too. */
const deploy = (stream: string) =>
  system.admin.$transaction([
    system.admin.$executeRaw`SET LOCAL session_replication_role = replica`,
    system.admin.$executeRaw`
      UPDATE events SET type = 'WaitingBegun', schema_version = 1, data = ${KNOWN}::jsonb
       WHERE stream_id = ${stream} AND version = 3`,
    system.admin.$executeRaw`
      UPDATE dead_letters SET next_attempt_at = clock_timestamp(), envelope = envelope ||
          jsonb_build_object('type', 'ordersaga.WaitingBegun', 'schemaversion', 1, 'data', ${KNOWN}::jsonb)
       WHERE stream_id = ${stream} AND version = 3`,
  ])

describe.each<Newer & { what: string }>([
  { what: 'a newer shape', type: 'WaitingBegun', schemaVersion: 2 },
  { what: 'a type that a newer release has added', type: 'PaymentDelayed', schemaVersion: 1 },
])('an event of $what', ({ type, schemaVersion }) => {
  const customerId = `cus_${type}`
  let id: string
  let stream: string
  beforeAll(async () => {
    id = await placeReserved(customerId)
    stream = sagaStream('order', id)
    await writeNewer(id, { type, schemaVersion })
  })

  const lettersOf = async (streamId: string) =>
    (await system.db.deadLetter.findMany({ where: { streamId }, orderBy: [{ version: 'asc' }] })).map(
      ({ consumer, version, state, cause }) => [consumer, version, state, cause].join(' '),
    )
  const setAsideIn = (generation: number) => [
    ...NAMES.map((name) => `${name}#${generation} 3 retrying NEWER_EVENT`).toSorted(),
    ...NAMES.map((name) => `${name}#${generation} 4 behind `).toSorted(),
  ]
  const generation = async () => (await system.db.projection.findFirstOrThrow()).generation
  const allSetAside = () =>
    until('the stream to be set aside', async () => {
      const letters = await lettersOf(stream)
      return letters.length === 2 * NAMES.length ? letters : undefined
    })

  it('is published as it was recorded', async () => {
    const [message] = await until('the event to be published', async () => {
      const found = await system.db.$queryRaw<{ envelope: EventEnvelope }[]>`
        SELECT envelope FROM broker_messages WHERE id = ${`${stream}/3`}`
      return found.length === 0 ? undefined : found
    })
    expect(message?.envelope).toMatchObject({
      type: `ordersaga.${type}`,
      schemaversion: schemaVersion,
      data: NEWER,
    })
  })

  it('sets its order aside in each read model, and no other', async () => {
    expect((await allSetAside()).toSorted()).toEqual(setAsideIn(await generation()).toSorted())
    const other = await placeReserved(`${customerId}_other`)
    const applied = await until('another order to be applied', async () => {
      const positions = await system.db.inbox.findMany({ where: { streamId: sagaStream('order', other) } })
      const isThere = positions.length === NAMES.length && positions.every(({ version }) => version === 2)
      return isThere ? true : undefined
    })
    expect([applied, await lettersOf(sagaStream('order', other))]).toEqual([true, []])
  })

  it('is shown as it was recorded, in the list of its order and to operators', async () => {
    const events = await system.api.events(id)
    expect(events.map(({ version }) => version)).toEqual([1, 2, 3, 4])
    expect(events[2]).toMatchObject({ type, data: NEWER })
    const { sent } = await readStream<{ streamId: string; version: number; type: string }>(
      `${system.apiUrl}/operations/stream`,
      {
        lastEventId: '0',
        enough: (all) => all.some(({ data }) => data.streamId === stream && data.version === 4),
      },
    )
    const shown = sent.map(({ data }) => data).find((data) => data.streamId === stream && data.version === 3)
    expect(shown).toMatchObject({ type, data: NEWER })
  })

  it('is folded by nothing: its order is what its rows say, and as it was before; later 503', async () => {
    expect(await system.api.order(id)).toMatchObject({ status: 'waiting', version: 4 })
    expect(await system.api.get(`/orders/${id}?asOfVersion=2`)).toMatchObject({ status: 'processing' })
    expect(await ask(`/orders/${id}?asOfVersion=3`)).toEqual(REFUSED)
    expect(await ask(`/orders/${id}?asOf=${new Date(Date.now() + 60_000).toISOString()}`)).toEqual(REFUSED)
    expect(await ask(`/orders/${id}/stream`)).toEqual(REFUSED)
  })

  it('makes the invariants say that its order could not be judged, and judge all others', async () => {
    const { ok, checks } = await system.api.invariants()
    expect(ok).toBe(false)
    expect(checks.filter((check) => !check.ok)).toEqual([
      {
        name: 'status',
        ok: false,
        detail: `1 with events newer than this process: ${id}; the others: holds`,
      },
    ])
  })

  it('is set aside by a rebuild as well, which ends all the same', async () => {
    await allSetAside()
    await wishRebuilds(system)
    await rebuildsDone(system)
    expect((await lettersOf(stream)).toSorted()).toEqual(setAsideIn(await generation()).toSorted())
  })

  it('takes effect in order, with what waits behind it, once the newer release is there', async () => {
    await deploy(stream)
    await until('the letters to be gone', async () =>
      (await lettersOf(stream)).length === 0 ? true : undefined,
    )
    const page = await system.api.get<{ data: { status: string; version: number }[] }>(
      `/customers/${customerId}/orders`,
    )
    expect(page.data).toMatchObject([{ status: 'waiting', version: 4 }])
    const past = await system.api.get<Order>(`/orders/${id}?asOfVersion=3`)
    expect([past.status, past.steps[1]?.state]).toEqual(['waiting', 'waiting'])
    expect((await system.api.invariants()).ok).toBe(true)
  })
})

describe('an event that an operator has discarded', () => {
  it('stays discarded by a rebuild, also when its shape is newer than the process', async () => {
    const id = await placeReserved('cus_discarded')
    await writeNewer(id, { type: 'WaitingBegun', schemaVersion: 2 })
    const streamId = sagaStream('order', id)
    const letters = await until('it to be set aside', async () => {
      const found = await system.db.deadLetter.findMany({ where: { streamId, version: 3 } })
      return found.length === NAMES.length ? found : undefined
    })
    for (const letter of letters) {
      const path = `/operations/dead-letters/${letter.id}/discard`
      expect((await system.api.post(path, { reason: 'it is not needed' })).status).toBe(202)
    }
    await wishRebuilds(system)
    await rebuildsDone(system)
    const states = await system.db.deadLetter.findMany({ where: { streamId }, select: { state: true } })
    expect(states).toEqual(NAMES.map(() => ({ state: 'discarded' })))
  })
})

describe('the stream of an order', () => {
  const ids = (text: string) => [...text.matchAll(/^id: ?(\d+)$/gm)].map(([, version]) => version)

  it('ends where a newer event comes, after all before it', async () => {
    const id = await placeReserved('cus_streamed')
    const response = await fetch(`${system.apiUrl}/orders/${id}/stream`)
    let text = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const before = ids(text).length
      text += chunk
      if (before < 2 && ids(text).length === 2)
        await writeNewer(id, { type: 'WaitingBegun', schemaVersion: 2 })
    }
    expect(ids(text)).toEqual(['1', '2'])
    await deploy(sagaStream('order', id))
  })
})

describe('an account with an event that this process does not know', () => {
  it('is shown as it was before it, and nothing is decided on it', async () => {
    await system.api.openAccount('acc_newer', 100)
    await system.db.$queryRaw`
      SELECT stream_append('account-acc_newer', 2, '[{"type": "CreditGranted", "schemaVersion": 1, "data": {}}]')`
    expect(await system.api.get('/accounts/acc_newer?asOfVersion=2')).toMatchObject({ balanceMinor: 100 })
    expect(await ask('/accounts/acc_newer')).toEqual(REFUSED)
    const deposit = { amountMinor: 1, currency: 'EUR', expectedVersion: 3 }
    const answer = await system.api.post('/accounts/acc_newer/deposit', deposit)
    expect(answer.status).toBe(503)
    const { data } = await system.api.get<{ data: { type: string }[] }>('/accounts/acc_newer/events')
    expect(data.map(({ type }) => type)).toEqual(['AccountOpened', 'MoneyDeposited', 'CreditGranted'])
  })
})
