import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createConsumer } from '../../events/inbox/consumer.ts'
import { openPool } from '../../postgres.ts'
import { sqlOf } from '../../events/store/sql.ts'
import type { EventEnvelope } from '../../events/broker/envelope.ts'
import { until } from '../harness/poll.ts'
import { createRecording, streamOf, type Recording } from '../harness/recording-effect.ts'

let recording: Recording
beforeAll(async () => {
  recording = await createRecording()
})
beforeEach(async () => {
  recording.onApply.call = () => undefined
  await recording.forget()
})
afterAll(() => recording.close())

const consumer = (pool = recording.pool) =>
  createConsumer({ pool, enter: async () => ({ effects: [recording.effect] }) })

const ids = (events: readonly EventEnvelope[]) => events.map(({ id }) => id)

describe('an event that is delivered', () => {
  it('takes effect once, however often it comes again', async () => {
    const events = streamOf('order-a', 4)
    await consumer()(events)
    await consumer()(events)
    await consumer()([...events.slice(2), ...events.slice(2)])
    expect([await recording.applied(), await recording.letters()]).toEqual([ids(events), []])
  })

  it('takes effect in one of two consumers of one name that have it at the same time', async () => {
    const events = streamOf('order-a', 3)
    let goOn = (): void => undefined
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    let isFirst = true
    recording.onApply.call = () => {
      if (!isFirst) return undefined
      isFirst = false
      return held
    }
    const both = [consumer()(events)]
    await until('the first to be at work', () => (isFirst ? undefined : true))
    both.push(consumer()(events))
    await until('the second to wait', async () => ((await recording.waiting()) > 0 ? true : undefined))
    goOn()
    await Promise.all(both)
    expect(await recording.applied()).toEqual(ids(events))
  })

  it('after a gap waits for what is missing, and then takes effect after it', async () => {
    const [first, second, third, fourth] = streamOf('order-a', 4) as [
      EventEnvelope,
      EventEnvelope,
      EventEnvelope,
      EventEnvelope,
    ]
    await consumer()([first, third, fourth])
    expect(await recording.applied()).toEqual([first.id])
    expect(await recording.letters()).toEqual(['order-a/3 retrying 1', 'order-a/4 behind 0'])
    await consumer()([second])
    expect(await recording.letters()).toEqual([
      'order-a/2 retrying 0',
      'order-a/3 behind 1',
      'order-a/4 behind 0',
    ])
    await recording.retryNow()
    expect(await recording.applied()).toEqual(ids([first, second, third, fourth]))
    expect(await recording.letters()).toEqual([])
  })

  it('takes effect once and in order, whatever the interleaving, the duplicates and the redeliveries', async () => {
    const delivery = fc.array(
      fc.record({ from: fc.nat(9), count: fc.integer({ min: 1, max: 6 }), stream: fc.nat(2) }),
      { minLength: 1, maxLength: 12 },
    )
    let round = 0
    await fc.assert(
      fc.asyncProperty(delivery, delivery, async (one, other) => {
        round += 1
        const streams = [0, 1, 2].map((n) => streamOf(`order-${round}-${n}`, 10))
        const batches = (deliveries: typeof one) =>
          deliveries.map(({ from, count, stream }) => streams[stream]?.slice(from, from + count) ?? [])
        const deliver = async (some: EventEnvelope[][]) => {
          for (const batch of some) await consumer()(batch)
        }
        await Promise.all([deliver(batches(one)), deliver(batches(other))])
        // A broker hands out everything in the end.
        await deliver([streams.flat()])
        while ((await recording.letters()).length > 0) await recording.retryNow()
        const applied = (await recording.applied()).filter((event) => event.startsWith(`order-${round}-`))
        for (const [n, stream] of streams.entries()) {
          expect(applied.filter((event) => event.startsWith(`order-${round}-${n}/`))).toEqual(ids(stream))
        }
      }),
      { numRuns: 25 },
    )
  })
})

describe('a fault that no event is to blame for', () => {
  it.each([
    {
      what: 'a lost connection',
      fault: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'doomed'`,
    },
    {
      what: 'a cancelled statement',
      fault: `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'doomed'`,
    },
    {
      what: 'a cancelled statement, after an event that is to blame for its own',
      fault: `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'doomed'`,
      poisoned: 'order-a',
    },
  ])(
    '($what) rejects the whole batch, sets nothing aside, and spends no attempt',
    async ({ fault, poisoned }) => {
      if (poisoned !== undefined) recording.poisoned.add(poisoned)
      const pool = openPool(recording.url, { max: 2, name: 'doomed' })
      const events = [...streamOf('order-a', 2), ...streamOf('order-b', 2)]
      const admin = sqlOf(recording.pool)
      const isRunning = async () => {
        const running = await admin.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'doomed'
              AND state = 'active' AND query LIKE '%pg_sleep%'`,
        )
        return running.length > 0 ? true : undefined
      }
      let isBroken = false
      recording.onApply.call = async ({ streamId }) => {
        if (streamId !== 'order-b' || isBroken) return
        isBroken = true
        // Cancelling takes a statement to be cancelled.
        const cut = until('the doomed statement to run', isRunning).then(() => admin.query(fault))
        await Promise.all([cut, doomedStatement()])
      }
      let doomedStatement = (): Promise<unknown> => Promise.resolve()
      const handle = createConsumer({
        pool,
        enter: async (db) => {
          doomedStatement = () => db.query('SELECT pg_sleep(20)')
          return { effects: [recording.effect] }
        },
      })
      await expect(handle(events)).rejects.toThrow(/lost|canceling/)
      expect([await recording.applied(), await recording.letters()]).toEqual([[], []])
      recording.poisoned.clear()
      await handle(events)
      expect(await recording.applied()).toEqual(ids(events))
      await pool.end()
    },
  )
})
