import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createParking } from '../../domain/operations/parking.ts'
import { createTransferJournal } from '../../domain/transfer/journal.ts'
import { createEventStore } from '../../events/store/store.ts'
import type { Database } from '../../prisma/client.ts'
import { failingUntilRetried } from '../harness/holds.ts'
import { inFlight } from '../harness/in-flight.ts'
import { inMatrix } from '../harness/matrix.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { attemptStep } from '../harness/steps.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 0.02 } })
})
afterAll(() => system.close())

const codeOf = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code]
const key = () => ({ 'idempotency-key': randomUUID() })
const body = { sourceAccountId: 'a', destinationAccountId: 'b', amountMinor: 100, currency: 'EUR' }

describe('an account over HTTP', () => {
  it('is opened, moved on version by version, and shown as it was', async () => {
    const { api } = system
    const opened = await api.post('/accounts', {
      id: 'acc_http',
      ownerId: 'cus_alice',
      currency: 'EUR',
      openingBalanceMinor: 500,
    })
    expect([opened.status, opened.headers.get('location')]).toEqual([201, '/accounts/acc_http'])
    expect(await opened.json()).toEqual({
      id: 'acc_http',
      ownerId: 'cus_alice',
      status: 'open',
      currency: 'EUR',
      balanceMinor: 500,
      version: 2,
    })
    const deposit = { amountMinor: 20, currency: 'EUR', expectedVersion: 2 }
    expect(await (await api.post('/accounts/acc_http/deposit', deposit)).json()).toMatchObject({
      balanceMinor: 520,
      version: 3,
    })
    // Sent again, it is refused: nothing is deposited twice.
    expect(await codeOf(await api.post('/accounts/acc_http/deposit', deposit))).toEqual([
      409,
      'VERSION_CONFLICT',
    ])
    expect(await api.get('/accounts/acc_http?asOfVersion=2')).toMatchObject({ balanceMinor: 500, version: 2 })
    expect(await codeOf(await fetch(`${system.apiUrl}/accounts/acc_http?asOf=2020-01-01T00:00:00Z`))).toEqual(
      [404, 'ACCOUNT_NOT_FOUND'],
    )
    for (const query of ['asOfVersion=0', 'asOfVersion=x', 'asOf=yesterday', 'asof=1'])
      expect(await codeOf(await fetch(`${system.apiUrl}/accounts/acc_http?${query}`))).toEqual([
        400,
        'INVALID_PARAMETER',
      ])
  })

  it('refuses what its rules refuse', async () => {
    const { api } = system
    await api.openAccount('acc_rules', 100)
    const at = (expectedVersion: number, more = {}) => ({ expectedVersion, ...more })
    const money = (amountMinor: number, currency = 'EUR') => ({ amountMinor, currency })
    const told = async (path: string, sent: object) => codeOf(await api.post(`/accounts/${path}`, sent))
    expect(await told('acc_rules/withdraw', at(2, money(101)))).toEqual([422, 'INSUFFICIENT_FUNDS'])
    expect(await told('acc_rules/deposit', at(2, money(1, 'USD')))).toEqual([422, 'CURRENCY_MISMATCH'])
    expect(await told('acc_rules/close', at(2))).toEqual([409, 'BALANCE_NOT_ZERO'])
    expect(await told('acc_rules/unfreeze', at(2))).toEqual([409, 'ACCOUNT_NOT_FROZEN'])
    expect(await told('acc_rules/freeze', {})).toEqual([422, 'INVALID_REQUEST'])
    expect(await told('nobody/close', at(1))).toEqual([404, 'ACCOUNT_NOT_FOUND'])
    await api.changeAccount('acc_rules', 'freeze')
    expect(await told('acc_rules/withdraw', at(3, money(1)))).toEqual([409, 'ACCOUNT_FROZEN'])
    expect(
      await codeOf(await api.post('/accounts', { id: 'acc_rules', ownerId: 'x', currency: 'EUR' })),
    ).toEqual([409, 'ACCOUNT_EXISTS'])
    expect(await codeOf(await api.post('/accounts', { ownerId: 'x y', currency: 'EUR' }))).toEqual([
      422,
      'INVALID_ACCOUNT',
    ])
    expect((await fetch(`${system.apiUrl}/accounts`, { method: 'DELETE' })).status).toBe(405)
  })
})

describe('a transfer over HTTP', () => {
  it('waits while an account has events of a newer release, and is completed by a worker that knows them', async () => {
    const { api, db, admin } = system
    await api.openAccount('ahead', 1000)
    await api.openAccount('behind', 0)
    const giveShape = (shape: number) =>
      admin.$transaction([
        admin.$executeRaw`SET LOCAL session_replication_role = replica`,
        admin.$executeRaw`UPDATE events SET schema_version = ${shape}::integer WHERE stream_id = 'account-ahead'`,
      ])
    await giveShape(2)
    const { id } = await api.transfer('ahead', 'behind', 400)
    const fence = await until('its first step to wait', async () => {
      const [found] = await db.stepFence.findMany({ where: { sagaId: id } })
      return found?.waitingFor === null ? undefined : found
    })
    expect(fence).toMatchObject({ step: 'withdrawMoney', waitingFor: 'NEWER_EVENT' })
    await giveShape(1)
    expect(await api.transferEnded(id)).toMatchObject({ status: 'completed' })
    expect((await api.account('ahead')).balanceMinor).toBe(600)
  })

  it('is accepted at once, made once for each key, and completed', async () => {
    const { api } = system
    await api.openAccount('from', 1000)
    await api.openAccount('to', 0)
    const request = { ...body, sourceAccountId: 'from', destinationAccountId: 'to' }
    const headers = key()
    const first = await api.post('/transfers', request, headers)
    const placed = (await first.json()) as { id: string; status: string; steps: { name: string }[] }
    expect(first.status).toBe(202)
    expect(first.headers.get('location')).toBe(`/transfers/${placed.id}`)
    expect(placed).toMatchObject({ ...request, status: 'pending', reason: null, version: 1 })
    expect(placed.steps.map(({ name }) => name)).toEqual(['withdrawMoney', 'depositMoney'])
    const again = await api.post('/transfers', request, headers)
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([202, 'true'])
    expect(await again.json()).toEqual(placed)
    expect(await codeOf(await api.post('/transfers', { ...request, amountMinor: 1 }, headers))).toEqual([
      422,
      'IDEMPOTENCY_KEY_REUSED',
    ])
    expect(await api.transferEnded(placed.id)).toMatchObject({ status: 'completed' })
    expect([(await api.account('from')).balanceMinor, (await api.account('to')).balanceMinor]).toEqual([
      900, 100,
    ])
    expect(await codeOf(await api.post(`/transfers/${placed.id}/cancel`))).toEqual([
      409,
      'TRANSFER_NOT_CANCELLABLE',
    ])
  })

  it('of the same key by fifty callers at once is one transfer', async () => {
    await system.api.openAccount('once', 1000)
    await system.api.openAccount('once_to', 0)
    const request = { ...body, sourceAccountId: 'once', destinationAccountId: 'once_to' }
    const headers = key()
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => system.api.post('/transfers', request, headers)),
    )
    const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { id: string }).id))
    expect(new Set(ids).size).toBe(1)
    await system.api.transferEnded(String(ids[0]))
    expect(await system.api.account('once')).toMatchObject({ balanceMinor: 900 })
  })

  it.each([
    [{ ...body, destinationAccountId: 'a' }, 422, 'INVALID_TRANSFER'],
    [{ ...body, amountMinor: 0 }, 422, 'INVALID_TRANSFER'],
    [{ ...body, amountMinor: 1.5 }, 422, 'INVALID_TRANSFER'],
    [{ ...body, sourceAccountId: '4111111111111111' }, 422, 'INVALID_TRANSFER'],
    [{ ...body, note: 'x' }, 422, 'INVALID_TRANSFER'],
    [[], 422, 'INVALID_TRANSFER'],
  ])('of %j is refused', async (request, status, code) => {
    expect(await codeOf(await system.api.post('/transfers', request, key()))).toEqual([status, code])
  })

  it('without a key, and one that is unknown, are refused', async () => {
    expect(await codeOf(await system.api.post('/transfers', body))).toEqual([400, 'IDEMPOTENCY_KEY_MISSING'])
    for (const id of ['x', randomUUID()])
      expect(await codeOf(await fetch(`${system.apiUrl}/transfers/${id}`))).toEqual([
        404,
        'TRANSFER_NOT_FOUND',
      ])
  })

  it.each([
    ['the source is not there', 'nowhere', 'to_there', 'withdrawMoney', 'ACCOUNT_NOT_FOUND'],
    ['the destination is not there', 'from_there', 'nowhere', 'depositMoney', 'ACCOUNT_NOT_FOUND'],
    ['the destination is frozen', 'from_there', 'frozen', 'depositMoney', 'ACCOUNT_FROZEN'],
  ])('ends rejected when %s, and the money is where it was', async (_, source, destination, step, code) => {
    const { api } = system
    for (const id of [source, destination]) {
      if (id === 'nowhere' || (await fetch(`${system.apiUrl}/accounts/${id}`)).ok) continue
      await api.openAccount(id, 1000)
      if (id === 'frozen') await api.changeAccount(id, 'freeze')
    }
    expect(await api.runTransfer(source, destination, 100)).toMatchObject({
      status: 'rejected',
      reason: { code, step },
    })
    if (source !== 'nowhere') expect(await api.account(source)).toMatchObject({ balanceMinor: 1000 })
  })
})

describe('lists over HTTP', () => {
  interface Page {
    data: { id: string }[]
    nextCursor: string | null
  }
  const idsOf = async (path: string): Promise<[string[], string | null]> => {
    const { data, nextCursor } = await system.api.get<Page>(path)
    return [data.map(({ id }) => id), nextCursor]
  }

  it('have the accounts by id, as each is shown, page by page', async () => {
    for (const id of ['acc_list_b', 'acc_list_a']) await system.api.openAccount(id, 10)
    const [all] = await idsOf('/accounts?limit=100')
    const ours = all.filter((id) => id.startsWith('acc_list_'))
    expect(ours).toEqual(['acc_list_a', 'acc_list_b'])
    const [first, cursor] = await idsOf(`/accounts?limit=${all.indexOf('acc_list_b')}`)
    expect(first.at(-1)).toBe('acc_list_a')
    expect((await idsOf(`/accounts?limit=1&cursor=${cursor}`))[0]).toEqual(['acc_list_b'])
    const { data } = await system.api.get<Page>('/accounts?limit=100')
    expect(data).toContainEqual(await system.api.account('acc_list_a'))
  })

  it('have the transfers newest first, by account and status, page by page', async () => {
    for (const id of ['acc_from', 'acc_to', 'acc_third']) await system.api.openAccount(id, 100)
    const first = await system.api.runTransfer('acc_from', 'acc_to', 10)
    const refused = await system.api.runTransfer('acc_third', 'acc_from', 1000)
    const last = await system.api.runTransfer('acc_to', 'acc_third', 10)
    const [newest] = await idsOf('/transfers?limit=3')
    expect(newest).toEqual([last.id, refused.id, first.id])
    expect((await idsOf('/transfers?accountId=acc_from'))[0]).toEqual([refused.id, first.id])
    expect((await idsOf('/transfers?accountId=acc_from&status=rejected'))[0]).toEqual([refused.id])
    expect((await idsOf('/transfers?status=rejected&limit=1'))[0]).toEqual([refused.id])
    expect((await idsOf('/transfers?status=waiting'))[0]).toEqual([])
    const [page, cursor] = await idsOf('/transfers?accountId=acc_third&limit=1')
    expect(page).toEqual([last.id])
    expect(await idsOf(`/transfers?accountId=acc_third&cursor=${cursor}`)).toEqual([[refused.id], null])
    expect((await fetch(`${system.apiUrl}/transfers?kind=order`)).status).toBe(400)
  })
})

describe('a transfer whose destination fails for ever', () => {
  it('is parked in sight with the money at risk, and an operator brings it home', async () => {
    const { api } = system
    await api.openAccount('stuck', 1000)
    await api.openAccount('stuck_to', 0)
    system.interferences.plan('stuck', 'depositMoney', failingUntilRetried(system.db))
    const { id } = await api.transfer('stuck', 'stuck_to', 250)
    const parked = await expect
      .poll(() => api.parked('?step=depositMoney'), { timeout: 60_000 })
      .toHaveLength(1)
      .then(() => api.parked('?step=depositMoney'))
    expect(parked[0]).toMatchObject({ kind: 'transfer', transferId: id, amountMinor: 250 })
    expect(await api.account('stuck')).toMatchObject({ balanceMinor: 750 })
    expect(await api.invariants()).toMatchObject({ ok: true })
    const act = (what: string, sent: object) => api.post(`/operations/transfers/${id}/${what}`, sent)
    expect(await codeOf(await act('skip', { step: 'depositMoney', reason: 'x' }))).toEqual([
      422,
      'STEP_NOT_SKIPPABLE',
    ])
    expect(await codeOf(await act('retry', { step: 'chargePayment', reason: 'x' }))).toEqual([
      422,
      'UNKNOWN_STEP',
    ])
    expect(await codeOf(await api.post(`/operations/orders/${id}/retry`, { reason: 'x' }))).toEqual([
      404,
      'ORDER_NOT_FOUND',
    ])
    expect((await act('retry', { reason: 'mended' })).status).toBe(202)
    expect(await api.transferEnded(id)).toMatchObject({ status: 'completed' })
    expect(await api.account('stuck_to')).toMatchObject({ balanceMinor: 250 })
  })
})

describe('money', () => {
  it('is neither made nor lost by transfers in every direction at once', async () => {
    const { api } = system
    const ids = ['ring_0', 'ring_1', 'ring_2', 'ring_3']
    for (const id of ids) await api.openAccount(id, 1000)
    const plans = Array.from({ length: inMatrix({ whole: 60, otherwise: 24 }) }, (_, n) => {
      const from = ids[n % 4] ?? ''
      return { from, to: ids[(n + 1 + (n % 3)) % 4] ?? '', amount: 1 + ((n * 97) % 400) }
    })
    const ended = await Promise.all(plans.map(({ from, to, amount }) => api.runTransfer(from, to, amount)))
    expect(new Set(ended.map(({ status }) => status))).toContain('completed')
    const balances = await Promise.all(ids.map(async (id) => (await api.account(id)).balanceMinor))
    expect(balances.reduce((sum, balance) => sum + balance, 0)).toBe(4000)
    expect(Math.min(...balances)).toBeGreaterThanOrEqual(0)
    const expected = ids.map((id) =>
      ended
        .filter(({ status }) => status === 'completed')
        .reduce((sum, { sourceAccountId, destinationAccountId, amountMinor }) => {
          const change = (destinationAccountId === id ? 1 : 0) - (sourceAccountId === id ? 1 : 0)
          return sum + change * amountMinor
        }, 1000),
    )
    expect(balances).toEqual(expected)
    expect(await api.invariants()).toMatchObject({ ok: true })
  })
})

describe('two statements of transfers, in flight at once,', () => {
  const withdraw = (id: string) => (db: Database) => attemptStep(db, 'withdrawMoney', id)
  const giveBack = (id: string) => (db: Database) => attemptStep(db, 'returnMoney', id)
  const turnBack = (id: string) => (db: Database) =>
    createTransferJournal({ db }).beginCompensation(id, { code: 'STEP_FAILED', step: 'depositMoney' })
  const DONE = { kind: 'done' }

  let isolated: System
  beforeAll(async () => {
    isolated = await startSystem({ workers: false })
  })
  afterAll(() => isolated.close())
  const place = async (source: string) => {
    if (!(await fetch(`${isolated.apiUrl}/accounts/${source}`)).ok) {
      await isolated.api.openAccount(source, 100)
      await isolated.api.openAccount(`${source}_to`, 0)
    }
    return (await isolated.api.transfer(source, `${source}_to`, 60)).id
  }
  const balance = async (id: string) => (await isolated.api.account(id)).balanceMinor

  it('withdraw once for one transfer', async () => {
    const id = await place('same')
    const { first, second, hasWaited } = await inFlight(isolated.db, withdraw(id), withdraw(id))
    expect([first, second, hasWaited]).toEqual([DONE, DONE, true])
    expect(await balance('same')).toBe(40)
  })

  it('decide again when another transfer has taken the money meanwhile', async () => {
    const [one, other] = [await place('short'), await place('short')]
    const { first, second, hasWaited } = await inFlight(isolated.db, withdraw(one), withdraw(other))
    expect([first, second, hasWaited]).toEqual([DONE, { kind: 'refused', code: 'INSUFFICIENT_FUNDS' }, true])
    expect(await balance('short')).toBe(40)
  })

  it('refuse nothing for what has changed since it was looked at', async () => {
    const id = await place('stale')
    const refuse = (version: number) => isolated.db.$queryRaw`
      SELECT verdict FROM step_append(${id}::uuid, 'withdrawMoney', 'compensatable', 1, 'account-stale', ${version}::integer, '[]',
        '{"code": "INSUFFICIENT_FUNDS"}', 'TransferWithdrawn', '{}')`
    const { version } = await isolated.api.account('stale')
    expect(await refuse(version - 1)).toEqual([{ verdict: 'conflict' }])
    expect(await withdraw(id)(isolated.db)).toEqual(DONE)
  })

  it('give the money back once', async () => {
    const id = await place('back')
    await withdraw(id)(isolated.db)
    await turnBack(id)(isolated.db)
    const { first, second, hasWaited } = await inFlight(isolated.db, giveBack(id), giveBack(id))
    expect([first, second, hasWaited]).toEqual([DONE, DONE, true])
    expect(await balance('back')).toBe(100)
  })

  it('settle an undo that was refused, parked and written off, so that its transfer closes', async () => {
    const { db, api } = isolated
    const id = await place('full')
    await withdraw(id)(db)
    // Meanwhile the account fills up: with the money given back it would hold more than is exact.
    const { version } = await api.account('full')
    await createEventStore({ db }).append('account-full', version, [
      { type: 'MoneyDeposited', data: { amountMinor: Number.MAX_SAFE_INTEGER - 50, currency: 'EUR' } },
    ])
    await turnBack(id)(db)
    expect(await giveBack(id)(db)).toMatchObject({ kind: 'refused', code: 'BALANCE_TOO_LARGE' })
    const journal = createTransferJournal({ db })
    await journal.noteParked(id, 'withdrawMoney', 'BALANCE_TOO_LARGE')
    const operator = { actor: 'ops', reason: 'paid out by hand' }
    expect(await createParking({ db }).skip(id, 'withdrawMoney', operator)).toBe('accepted')
    expect(await giveBack(id)(db)).toEqual(DONE)
    expect(await journal.close(id)).toEqual({ status: 'rejected' })
  })

  it('withdraw nothing after the transfer has turned back, in either order', async () => {
    const late = await place('late')
    const { second } = await inFlight(isolated.db, turnBack(late), withdraw(late))
    expect(second).toMatchObject({ kind: 'refused' })
    expect(await balance('late')).toBe(100)
    const early = await place('early')
    const turned = await inFlight(isolated.db, withdraw(early), turnBack(early))
    expect(turned.second).toMatchObject({ verdict: 'begun', undo: ['withdrawMoney'] })
  })
})
