import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { deadLetter, deadLetterList } from '../../api/resources/dead-letters.ts'
import type { salesReport } from '../../api/resources/reports.ts'
import type { Projection } from '../../read-models/projection.ts'
import { orderSummary } from '../../read-models/order-summary.ts'
import { sales } from '../../read-models/sales.ts'
import { ROOT } from '../../root.ts'
import { operatorActions } from '../harness/operator-actions.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

type List = z.infer<typeof deadLetterList>
type Letter = List['data'][number]

/** Sales cannot be counted for these customers' orders until somebody mends it. */
const bug = { customers: new Set<string>() }
const breakable: Projection = {
  ...sales,
  async apply(db, generation, events) {
    for (const { type, data } of events) {
      const { customerId } = data as { customerId?: string }
      if (type === 'OrderPlaced' && bug.customers.has(customerId ?? '')) throw new RangeError('a bug')
    }
    await sales.apply(db, generation, events)
  },
}

let system: System
beforeAll(async () => {
  system = await startSystem({ events: { projections: [orderSummary, breakable] } })
})
afterAll(() => system.close())

const list = (query = '') => system.api.get<List>(`/operations/dead-letters${query}`)
const problem = async (answer: Promise<Response>) => {
  const response = await answer
  return [response.status, ((await response.json()) as { code: string }).code]
}
const act = (id: string, action: 'reprocess' | 'discard', body?: unknown) =>
  system.api.post(`/operations/dead-letters/${id}/${action}`, body)
const gone = (id: string) =>
  until('the dead letter to be gone', async () =>
    (await fetch(`${system.apiUrl}/operations/dead-letters/${id}`)).status === 404 ? true : undefined,
  )
const soldOf = async (sku: string) => {
  const { data } = await system.api.get<z.infer<typeof salesReport>>(`/reports/sales?sku=${sku}&minVersion=1`)
  // A day for each, when midnight passes.
  return data.reduce((sum, { quantity }) => sum + quantity, 0)
}

/** An order that sales cannot count, whose other events all wait. */
async function poisoned(customerId: string, sku = 'TEA-001'): Promise<Letter> {
  bug.customers.add(customerId)
  const { id } = await system.api.run({ customerId, lines: [{ sku, quantity: 1 }] })
  await system.api.notified(id)
  return until('its events to wait', async () => {
    const { data } = await list(`?streamId=order-${id}`)
    const { version } = await system.api.order(id)
    return data[0]?.behind === version - 1 ? data[0] : undefined
  })
}

/** Waits until nothing but an operator tries it again. */
const parked = (letter: Letter) =>
  until('the dead letter to be parked', async () =>
    (await list(`?streamId=${letter.streamId}`)).data[0]?.state === 'parked' ? letter : undefined,
  )

describe('a dead letter', () => {
  it('is listed with its cause and what waits behind it, and shown with its event', async () => {
    const letter = await poisoned('cus_listed')
    expect(letter).toMatchObject({
      consumer: 'sales',
      version: 1,
      type: 'OrderPlaced',
      cause: 'RANGE_ERROR',
      message: 'a bug',
    })
    expect(['retrying', 'parked']).toContain(letter.state)
    const shown = await system.api.get<z.infer<typeof deadLetter>>(`/operations/dead-letters/${letter.id}`)
    expect(shown).toMatchObject({
      id: letter.id,
      event: { specversion: '1.0', subject: letter.streamId, data: { customerId: 'cus_listed' } },
    })
    const behind = await list(`?state=behind&streamId=${letter.streamId}&limit=100`)
    expect(behind.data).toHaveLength(letter.behind)
    const first = await list(`?state=behind&streamId=${letter.streamId}&limit=1`)
    const second = await list(`?state=behind&streamId=${letter.streamId}&limit=1&cursor=${first.nextCursor}`)
    expect(second.data[0]?.id).not.toBe(first.data[0]?.id)
    for (const filter of [
      'consumer=order-summary',
      'cause=OTHER',
      'type=OrderCompleted',
      'state=discarded',
    ]) {
      expect((await list(`?streamId=${letter.streamId}&${filter}`)).data).toEqual([])
    }
  })

  it('holds up neither other orders nor other read models', async () => {
    const { streamId } = await poisoned('cus_alone', 'CUP-002')
    const before = await soldOf('CUP-002')
    await system.api.run({ lines: [{ sku: 'CUP-002', quantity: 2 }] })
    expect(await soldOf('CUP-002')).toBe(before + 2)
    const orderId = streamId.slice('order-'.length)
    const { version } = await system.api.order(orderId)
    const { data } = await system.api.get<{ data: { status: string }[] }>(
      `/customers/cus_alone/orders?minVersion=${version}&orderId=${orderId}`,
    )
    expect(data).toMatchObject([{ status: 'completed' }])
  })

  it('is not waited for once it is parked: the answer says that its stream is set aside', async () => {
    const { streamId } = await parked(await poisoned('cus_aside', 'CUP-002'))
    const orderId = streamId.slice('order-'.length)
    const { streamsSetAside } = await system.api.get<z.infer<typeof salesReport>>(
      `/reports/sales?orderId=${orderId}`,
    )
    expect(streamsSetAside).toBeGreaterThan(0)
  })

  it('is applied with all that waits behind it when it is reprocessed after the fix', async () => {
    const { id } = await parked(await poisoned('cus_mended', 'CUP-001'))
    expect(await soldOf('CUP-001')).toBe(0)
    bug.customers.delete('cus_mended')
    expect((await act(id, 'reprocess')).status).toBe(202)
    await gone(id)
    expect(await soldOf('CUP-001')).toBe(1)
  })

  it('is passed over when it is discarded, and stays on record', async () => {
    const { id, streamId } = await poisoned('cus_given_up', 'TEA-002')
    expect((await act(id, 'discard', { reason: 'a test order' })).status).toBe(202)
    await until('the rest to be applied', async () =>
      (await list(`?state=behind&streamId=${streamId}`)).data.length === 0 ? true : undefined,
    )
    expect(await soldOf('TEA-002')).toBe(0)
    expect((await list('?state=discarded')).data).toMatchObject([{ id, streamId }])
    const [action] = await operatorActions(system.db, { deadLetterId: id })
    expect(action).toMatchObject({ actor: 'developer', action: 'discard', reason: 'a test order' })
    expect(await problem(act(id, 'discard', { reason: 'again' }))).toEqual([409, 'DEAD_LETTER_NOT_PARKED'])
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })

  it('is reprocessed with the others that fit', async () => {
    const letters = [await poisoned('cus_many1'), await poisoned('cus_many2')]
    const reprocess = (body: unknown) => system.api.post('/operations/dead-letters/reprocess', body)
    const none = await reprocess({ filter: { consumer: 'order-summary' } })
    expect([none.status, await none.json()]).toEqual([202, { status: 'accepted', accepted: 0 }])
    const one = await reprocess({ ids: [letters[0]?.id], reason: 'mended' })
    expect(await one.json()).toMatchObject({ accepted: 1 })
    bug.customers.clear()
    const rest = await reprocess({ filter: { type: 'OrderPlaced', cause: 'RANGE_ERROR' } })
    expect(rest.status).toBe(202)
    for (const { id } of letters) await gone(id)
  })
})

/** What only looks like one of our cursors. */
const FORGED = [
  `2026-99-99T99:99:99.999Z 01a00000-0000-7000-8000-000000000000`,
  `2026-01-01T00:00:00.000Z ${'-'.repeat(36)}`,
  `0000-01-01T00:00:00.000Z 01a00000-0000-7000-8000-000000000000`,
].map((key) => `?cursor=${Buffer.from(key).toString('base64url')}`)

describe('an operator who is wrong', () => {
  const nobody = '01a00000-0000-7000-8000-000000000000'

  it('gets an answer that says so', async () => {
    const { id, streamId } = await poisoned('cus_wrong')
    const [behind] = (await list(`?state=behind&streamId=${streamId}`)).data
    const at = (path: string) => fetch(`${system.apiUrl}/operations/dead-letters${path}`)
    for (const unknown of [nobody, 'x']) {
      expect(await problem(at(`/${unknown}`))).toEqual([404, 'DEAD_LETTER_NOT_FOUND'])
      expect(await problem(act(unknown, 'reprocess'))).toEqual([404, 'DEAD_LETTER_NOT_FOUND'])
      expect(await problem(act(unknown, 'discard', { reason: 'x' }))).toEqual([404, 'DEAD_LETTER_NOT_FOUND'])
    }
    for (const body of [{}, { reason: '' }, { reason: 'x'.repeat(501) }, { reason: 'x', more: 1 }]) {
      expect(await problem(act(id, 'discard', body))).toEqual([422, 'INVALID_REQUEST'])
    }
    expect(await problem(act(id, 'discard'))).toEqual([400, 'MALFORMED_JSON'])
    expect(await problem(act(behind?.id ?? '', 'discard', { reason: 'x' }))).toEqual([
      409,
      'DEAD_LETTER_NOT_PARKED',
    ])
    expect(await problem(act(behind?.id ?? '', 'reprocess'))).toEqual([409, 'DEAD_LETTER_NOT_PARKED'])
    for (const body of [{}, { ids: [] }, { ids: ['x'] }, { ids: [id], filter: {} }, { filter: { x: 1 } }]) {
      expect(await problem(system.api.post('/operations/dead-letters/reprocess', body))).toEqual([
        422,
        'INVALID_REQUEST',
      ])
    }
    for (const query of [
      '?state=lost',
      '?limit=0',
      '?cursor=eHg',
      '?consumer=A',
      '?x=1',
      '?cause=a',
      ...FORGED,
    ]) {
      expect(await problem(at(query))).toEqual([400, 'INVALID_PARAMETER'])
    }
    expect(await problem(at('/reprocess'))).toEqual([405, 'METHOD_NOT_ALLOWED'])
  })
})

describe('the command line', () => {
  const cli = async (name: string, ...args: string[]) => {
    const env = { ...process.env, ORDER_SAGA_URL: system.apiUrl }
    const argv = ['cli/order-saga.mjs', name, ...args]
    return promisify(execFile)(process.execPath, argv, { cwd: ROOT, env }).then(
      ({ stdout }) => stdout,
      (error: { stderr: string }) => `failed: ${error.stderr}`,
    )
  }

  it('lists, shows, reprocesses and discards dead letters', async () => {
    const [one, other] = [await poisoned('cus_cli1'), await poisoned('cus_cli2')]
    const [listed, shown, nothing, unknown] = await Promise.all([
      cli('dead-letters', 'list', '--consumer', 'sales'),
      cli('dead-letters', 'show', one.id),
      cli('dead-letters', 'reprocess'),
      cli('dead-letters', 'show', 'x'),
    ])
    expect(listed).toContain(one.id)
    expect(JSON.parse(shown)).toMatchObject({ id: one.id })
    expect(nothing).toContain('failed: Name some')
    expect(unknown).toContain('failed: 404 DEAD_LETTER_NOT_FOUND')
    const [discarded, reprocessed] = await Promise.all([
      cli('dead-letters', 'discard', one.id, '--reason', 'no', '--yes'),
      cli('dead-letters', 'reprocess', other.id),
    ])
    bug.customers.clear()
    expect(discarded).toContain('Discarded')
    expect(reprocessed).toContain('1 will be tried again.')
    await gone(other.id)
  })

  it('shows the projections and has one rebuilt', async () => {
    expect(await cli('projections', 'rebuild', 'sales')).toContain('The projector does it')
    expect(await cli('projections', 'status')).toMatch(/sales .*(wished|running|done)/)
    expect(await cli('projections', 'rebuild', 'nothing')).toContain('failed: 404 PROJECTION_NOT_FOUND')
  })
})

describe('a message from the broker that is no event', () => {
  it('is shown to operators once for each read model, and the read models go on behind it', async () => {
    await system.db
      .$executeRaw`INSERT INTO broker_messages (id, subject, envelope) VALUES ('stray', 'somewhere', '{}')`
    const { id } = await system.api.run({ lines: [{ sku: 'TEA-001', quantity: 1 }] })
    const summary = await until('the read models to show an order placed behind it', async () => {
      const { data } = await system.api.get<{ data: { id: string }[] }>('/reports/orders')
      return data.find((order) => order.id === id)
    })
    expect(summary).toMatchObject({ id })
    const data = await until('both read models to have set the stray aside', async () => {
      const { data: letters } = await list('?cause=NOT_AN_EVENT')
      return letters.length === 2 ? letters : undefined
    })
    expect(data).toEqual(
      expect.arrayContaining(
        ['order-summary', 'sales'].map((consumer) =>
          expect.objectContaining({ consumer, state: 'parked', type: 'Foreign' }),
        ),
      ),
    )
    const [letter] = data
    if (letter === undefined) throw new Error('there is none')
    const { event } = await system.api.get<z.infer<typeof deadLetter>>(
      `/operations/dead-letters/${letter.id}`,
    )
    expect(event).toMatchObject({ subject: 'somewhere', raw: '{}', encoding: 'text', bytes: 2 })
    // There is nothing to apply.
    expect(await problem(act(letter.id, 'reprocess', {}))).toEqual([409, 'DEAD_LETTER_NOT_PARKED'])
    expect((await act(letter.id, 'discard', { reason: 'a stray' })).status).toBe(202)
    expect((await list('?cause=NOT_AN_EVENT')).data).toHaveLength(1)
    // Neither the one that is kept nor the one that is discarded is a hole in a stream.
    const { checks } = await system.api.get<{ checks: { name: string; ok: boolean }[] }>(
      '/operations/invariants',
    )
    expect(checks.find(({ name }) => name === 'dead-letters')).toMatchObject({ ok: true })
  })
})
