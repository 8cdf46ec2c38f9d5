import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACCOUNT, accountStream, createAccounts } from '../../domain/account/accounts.ts'
import { createAggregates, SNAPSHOT_EVERY } from '../../events/store/aggregate.ts'
import {
  createEventStore,
  VersionConflict,
  type EventStore,
  type NewEvent,
} from '../../events/store/store.ts'
import type { TestDatabase } from '../harness/database.ts'
import { inFlight } from '../harness/in-flight.ts'
import { createTestDatabase } from '../harness/start.ts'

let test: TestDatabase
let store: EventStore
beforeAll(async () => {
  test = await createTestDatabase()
  store = createEventStore({ db: test.db })
})
afterAll(() => test.close())

const noted = (n: number): NewEvent => ({ type: 'Noted', data: { n } })
let made = 0
const newStream = () => `account-${(made += 1)}`

const versions = async (streamId: string) => (await store.load(streamId)).map(({ version }) => version)
const outboxOf = (streamId: string) =>
  test.db.outbox.findMany({ where: { streamId }, orderBy: { id: 'asc' } })

describe('a stream', () => {
  it('is appended to from version 1 without gaps, each event with its outbox row, in order', async () => {
    const stream = newStream()
    expect(await store.append(stream, 0, [noted(1), noted(2)])).toBe(2)
    expect(await store.append(stream, 2, [noted(3)])).toBe(3)
    expect((await store.load(stream)).map(({ version, data }) => [version, data])).toEqual([
      [1, { n: 1 }],
      [2, { n: 2 }],
      [3, { n: 3 }],
    ])
    expect((await outboxOf(stream)).map(({ version }) => version)).toEqual([1, 2, 3])
  })

  it.each([
    ['that does not exist, as if it did', 0, 1],
    ['that exists, as if it did not', 1, 0],
    ['that has moved on', 3, 2],
    ['that has not come so far', 3, 4],
  ])('%s refuses what was decided on another version, and keeps nothing of it', async (_, head, expected) => {
    const stream = newStream()
    for (let version = 0; version < head; version += 1) await store.append(stream, version, [noted(version)])
    await expect(store.append(stream, expected, [noted(9), noted(9)])).rejects.toThrow(VersionConflict)
    expect(await versions(stream)).toHaveLength(head)
    expect(await outboxOf(stream)).toHaveLength(head)
  })

  it.each([0, 1])('at version %i takes one of two appends that meet in flight', async (head) => {
    const stream = newStream()
    if (head > 0) await store.append(stream, 0, [noted(0)])
    const append = (n: number) => (db: typeof test.db) =>
      createEventStore({ db })
        .append(stream, head, [noted(n)])
        .catch((error: unknown) => (error instanceof VersionConflict ? 'conflict' : Promise.reject(error)))
    const { first, second, hasWaited } = await inFlight(test.db, append(1), append(2))
    expect([first, second, hasWaited]).toEqual([head + 1, 'conflict', true])
    expect(await versions(stream)).toHaveLength(head + 1)
  })

  it('has exactly one winner of each version, however many append', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ writer: fc.nat(3), pauseMs: fc.nat(3), count: fc.integer({ min: 1, max: 3 }) }),
          {
            minLength: 4,
            maxLength: 16,
          },
        ),
        async (plan) => {
          const stream = newStream()
          const won: number[] = []
          const write = async (writer: number) => {
            for (const { pauseMs, count } of plan.filter((step) => step.writer === writer)) {
              await new Promise((resolve) => setTimeout(resolve, pauseMs))
              const head = (await store.load(stream)).length
              const events = Array.from({ length: count }, () => noted(writer))
              const version = await store.append(stream, head, events).catch((error: unknown) => {
                if (error instanceof VersionConflict) return undefined
                throw error
              })
              if (version !== undefined) won.push(...events.map((_, index) => version - index))
            }
          }
          await Promise.all([0, 1, 2, 3].map(write))
          const kept = await versions(stream)
          expect(kept).toEqual(kept.map((_, index) => index + 1))
          expect(won.toSorted((a, b) => a - b)).toEqual(kept)
        },
      ),
      { numRuns: 15 },
    )
  })

  it('is read in today’s shape, whatever shape was recorded', async () => {
    const stream = newStream()
    await store.append(stream, 0, [
      { type: 'StepParked', data: { step: 'chargePayment', error: 'TIMEOUT' } },
      { type: 'StepParked', schemaVersion: 2, data: { step: 'chargePayment', errorClass: 'TIMEOUT' } },
    ])
    const [old, today] = await store.load(stream)
    expect(old?.data).toEqual(today?.data)
    const recorded = await test.db.event.findFirst({ where: { streamId: stream, version: 1 } })
    expect(recorded).toMatchObject({ schemaVersion: 1, data: { step: 'chargePayment', error: 'TIMEOUT' } })
  })
})

describe('an aggregate', () => {
  const deposits = (count: number): NewEvent[] =>
    Array.from({ length: count }, () => ({
      type: 'MoneyDeposited',
      data: { amountMinor: 1, currency: 'EUR' },
    }))

  it('is folded from its snapshot and what came after, and is the same as without', async () => {
    const aggregates = createAggregates({ db: test.db, store })
    const stream = accountStream('snapped')
    await store.append(stream, 0, [{ type: 'AccountOpened', data: { ownerId: 'cus_a', currency: 'EUR' } }])
    await store.append(stream, 1, deposits(2 * SNAPSHOT_EVERY))
    const whole = await aggregates.load(ACCOUNT, stream)
    expect(whole).toMatchObject({ version: 201, state: { balanceMinor: 200 } })
    const snapshots = await test.db.snapshot.findMany({ where: { streamId: stream } })
    expect(snapshots.map(({ version }) => version)).toEqual([200])
    await store.append(stream, 201, deposits(1))
    const loads: (number | undefined)[] = []
    const counting = createAggregates({
      db: test.db,
      store: { ...store, load: (id, part) => (loads.push(part?.after), store.load(id, part)) },
    })
    expect(await counting.load(ACCOUNT, stream)).toMatchObject({ version: 202, state: { balanceMinor: 201 } })
    expect(loads).toEqual([200])
    // Snapshots are only a shortcut: without them, and with those of another shape, it is all the same.
    expect(await counting.load({ ...ACCOUNT, stateVersion: 2 }, stream)).toMatchObject({
      version: 202,
      state: { balanceMinor: 201 },
    })
    expect(loads).toEqual([200, 0])
  })

  it('is shown as it was at any version and at any time', async () => {
    const aggregates = createAggregates({ db: test.db, store })
    const accounts = createAccounts({ db: test.db, aggregates, store })
    await accounts.execute('past', undefined, [{ kind: 'open', ownerId: 'cus_a', currency: 'EUR' }])
    const opened = (await store.load(accountStream('past')))[0]
    for (let version = 1; version <= 150; version += 1)
      await accounts.execute('past', version, [{ kind: 'deposit', amountMinor: 2, currency: 'EUR' }])
    const balance = async (version: number) => (await accounts.find('past', { version }))?.balanceMinor
    expect([await balance(1), await balance(99), await balance(100), await balance(101)]).toEqual([
      0, 196, 198, 200,
    ])
    expect(await accounts.find('past')).toMatchObject({ version: 151, balanceMinor: 300 })
    const openedAt = opened?.recordedAt ?? new Date()
    expect(await accounts.find('past', { time: new Date(openedAt.getTime() - 1) })).toBeUndefined()
    const hundredth = (await store.load(accountStream('past')))[99]
    expect(await accounts.find('past', { time: hundredth?.recordedAt })).toMatchObject({ status: 'open' })
  })

  it('is shown as it was before the first later event, where the clock was set back in between', async () => {
    const stream = accountStream('clock')
    await store.append(stream, 0, [{ type: 'AccountOpened', data: { ownerId: 'cus_a', currency: 'EUR' } }])
    await store.append(stream, 1, deposits(SNAPSHOT_EVERY - 1))
    const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, seconds))
    await test.admin.$transaction(async (db) => {
      await db.$executeRaw`SET LOCAL session_replication_role = replica`
      await db.$executeRaw`UPDATE events SET recorded_at = ${at(1)} WHERE stream_id = ${stream}`
      await db.$executeRaw`UPDATE events SET recorded_at = ${at(5)} WHERE stream_id = ${stream} AND version = 99`
      await db.$executeRaw`UPDATE events SET recorded_at = ${at(3)} WHERE stream_id = ${stream} AND version = 100`
    })
    const aggregates = createAggregates({ db: test.db, store })
    expect(await aggregates.load(ACCOUNT, stream, { time: at(4) })).toMatchObject({ version: 98 })
    expect(await aggregates.load(ACCOUNT, stream)).toMatchObject({
      version: 100,
      state: { balanceMinor: 99 },
    })
    expect(await aggregates.load(ACCOUNT, stream, { time: at(4) })).toMatchObject({ version: 98 })
  })
})
