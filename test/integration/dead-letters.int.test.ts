import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createConsumer } from '../../events/inbox/consumer.ts'
import { sqlOf, type Sql } from '../../events/store/sql.ts'
import { createDeadLetterDesk, type DeadLetter } from '../../events/inbox/dead-letter-desk.ts'
import { dueLetters, retryDueLetters } from '../../events/inbox/dead-letter-retries.ts'
import { backoffMs } from '../../events/inbox/dead-letters.ts'
import type { EventEnvelope } from '../../events/broker/envelope.ts'
import { until } from '../harness/poll.ts'
import { createRecording, streamOf, type Recording } from '../harness/recording-effect.ts'

let recording: Recording
let desk: ReturnType<typeof createDeadLetterDesk>
let handle: (events: readonly EventEnvelope[]) => Promise<void>
beforeAll(async () => {
  recording = await createRecording('recording#1')
  desk = createDeadLetterDesk({ pool: recording.pool })
  handle = createConsumer({ pool: recording.pool, enter: async () => ({ effects: [recording.effect] }) })
})
beforeEach(async () => {
  recording.poisoned.clear()
  recording.onApply.call = () => undefined
  await recording.forget()
})
afterAll(() => recording.close())

const operator = { actor: 'anna', reason: 'the bug is fixed' }
const ids = (events: readonly EventEnvelope[]) => events.map(({ id }) => id)
const list = (filter: Parameters<typeof desk.list>[0] = {}) => desk.list(filter, { limit: 100 })
const position = async (streamId: string) =>
  (
    await sqlOf(recording.pool).query<{ version: number }>('SELECT version FROM inbox WHERE stream_id = $1', [
      streamId,
    ])
  )[0]?.version

async function parkedLetter(streamId = 'order-poison'): Promise<DeadLetter> {
  recording.poisoned.add(streamId)
  await handle(streamOf(streamId, 3))
  for (let attempt = 1; attempt < 5; attempt += 1) await recording.retryNow()
  const [letter] = await list({ streamId })
  if (letter === undefined) throw new Error('there is no dead letter')
  return letter
}

describe('an event that cannot be applied', () => {
  it('sets its own stream aside and no other, and what follows it waits behind it', async () => {
    const others = Array.from({ length: 500 }, (_, n) => streamOf(`order-${n}`, 2))
    recording.poisoned.add('order-poison')
    const poison = streamOf('order-poison', 3)
    const all = [
      ...others.map(([first]) => first),
      ...poison.slice(0, 2),
      ...others.map(([, second]) => second),
    ]
    const events = all.filter((event) => event !== undefined)
    for (let from = 0; from < events.length; from += 200) await handle(events.slice(from, from + 200))
    await handle(poison.slice(2))
    expect((await recording.applied()).toSorted()).toEqual(ids(others.flat()).toSorted())
    expect(await recording.letters()).toEqual([
      'order-poison/1 retrying 1',
      'order-poison/2 behind 0',
      'order-poison/3 behind 0',
    ])
    expect(await list()).toMatchObject([
      { streamId: 'order-poison', version: 1, state: 'retrying', behind: 2 },
    ])
  })

  it('is tried five times, more and more slowly, and then parked with a cause that quotes no data', async () => {
    const letter = await parkedLetter()
    expect(letter).toMatchObject({
      consumer: 'recording',
      generation: 1,
      state: 'parked',
      attempts: 5,
      type: 'OrderPlaced',
      cause: 'DATABASE_23514',
      message: 'PostgreSQL refused it: products products_sku_form.',
      nextAttemptAt: null,
    })
    expect(JSON.stringify(letter)).not.toContain('secret')
    await recording.retryNow()
    expect(await list()).toMatchObject([{ state: 'parked', attempts: 5 }])
    expect([1, 2, 3, 4].map((attempts) => backoffMs(attempts, () => 1))).toEqual([500, 1000, 2000, 4000])
    expect(backoffMs(1, () => 0)).toBe(250)
    expect(backoffMs(2000, () => 1)).toBe(60_000)
  })

  it('is tried also behind many of a consumer that no longer exists', async () => {
    const db = sqlOf(recording.pool)
    await db.query(
      `INSERT INTO dead_letters (consumer, stream_id, version, type, envelope, state, next_attempt_at)
       SELECT 'gone#1', 'order-' || n, 1, 'Told', '{}', 'retrying', clock_timestamp() - interval '1 day'
         FROM generate_series(1, 60) n`,
    )
    recording.poisoned.add('order-poison')
    await handle(streamOf('order-poison', 1))
    recording.poisoned.clear()
    await db.query(`UPDATE dead_letters SET next_attempt_at = clock_timestamp() WHERE consumer <> 'gone#1'`)
    const { pool, effect } = recording
    const resolve = async (_db: Sql, consumer: string) => (consumer === effect.name ? effect : undefined)
    // A round has a time limit: how many letters it comes to is left to the machine.
    await until('its turn to come', async () => {
      await retryDueLetters({ pool, due: await dueLetters(db, ['gone', 'recording']), resolve })
      return (await recording.applied()).length > 0 ? true : undefined
    })
    expect(await recording.applied()).toEqual(['order-poison/1'])
  })

  it('is found among others when its statement takes too long, time and again', async () => {
    recording.onApply.call = ({ streamId }) => {
      if (streamId === 'order-slow')
        throw Object.assign(new Error('canceling statement'), { code: '57014', severity: 'ERROR' })
    }
    const batch = [...streamOf('order-1', 1), ...streamOf('order-slow', 1), ...streamOf('order-2', 1)]
    await expect(handle(batch)).rejects.toThrow('canceling statement')
    await expect(handle(batch)).rejects.toThrow('canceling statement')
    await handle(batch)
    expect(await recording.applied()).toEqual(['order-1/1', 'order-2/1'])
    expect(await recording.letters()).toEqual(['order-slow/1 retrying 1'])
  })

  it('that comes again while it is set aside is kept once', async () => {
    recording.poisoned.add('order-poison')
    await handle(streamOf('order-poison', 2))
    await handle(streamOf('order-poison', 3))
    expect(await recording.letters()).toEqual([
      'order-poison/1 retrying 1',
      'order-poison/2 behind 0',
      'order-poison/3 behind 0',
    ])
  })

  it('spends one attempt when two look at it at the same time', async () => {
    recording.poisoned.add('order-poison')
    await handle(streamOf('order-poison', 2))
    let isFirst = true
    recording.onApply.call = async () => {
      if (!isFirst) return
      isFirst = false
      await until('the other to wait', async () => ((await recording.waiting()) > 0 ? true : undefined))
    }
    await recording.retryNow(2)
    expect(await recording.letters()).toEqual(['order-poison/1 retrying 2', 'order-poison/2 behind 0'])
  })

  it('is not tried before it is due', async () => {
    recording.poisoned.add('order-poison')
    await handle(streamOf('order-poison', 1))
    const [letter] = await list()
    expect(letter?.nextAttemptAt?.getTime()).toBeGreaterThan(letter?.lastFailedAt?.getTime() ?? Infinity)
  })
})

describe('an event of a newer release', () => {
  const REASON = 'Shape 2 of OrderPlaced is of a newer release than this process: deploy that release.'
  const stream = streamOf('order-newer', 3)
  const newer = stream.map((event, index) => (index === 0 ? { ...event, schemaversion: 2 } : event))
  /** As if a process had taken over for which the shape is no news. */
  const deploy = () =>
    sqlOf(recording.pool).query(`UPDATE dead_letters SET envelope = envelope || '{"schemaversion": 1}'`)
  const retried = async (times: number) => {
    for (let attempt = 0; attempt < times; attempt += 1) await recording.retryNow()
  }

  it('is tried again for as long as it takes, with the rest of its stream behind it, while others flow', async () => {
    await handle([...newer.slice(0, 2), ...streamOf('order-1', 2)])
    await retried(8)
    await handle([...newer.slice(2), ...streamOf('order-1', 3).slice(2)])
    expect(await recording.letters()).toEqual([
      'order-newer/1 retrying 9',
      'order-newer/2 behind 0',
      'order-newer/3 behind 0',
    ])
    expect(await list()).toMatchObject([{ cause: 'NEWER_EVENT', message: REASON, type: 'OrderPlaced' }])
    expect(await recording.applied()).toEqual(ids(streamOf('order-1', 3)))
  })

  it('heals with its stream, in order, once a process that knows it has taken over', async () => {
    await handle(newer)
    await retried(6)
    await deploy()
    await retried(1)
    expect([await recording.letters(), await recording.applied()]).toEqual([[], ids(stream)])
  })

  it('that is known then and fails all the same has all its attempts before it', async () => {
    await handle(newer.slice(0, 1))
    await retried(6)
    await deploy()
    recording.poisoned.add('order-newer')
    await retried(1)
    expect(await recording.letters()).toEqual(['order-newer/1 retrying 1'])
    await retried(4)
    expect(await recording.letters()).toEqual(['order-newer/1 parked 5'])
  })
})

describe('an operator', () => {
  it('who reprocesses it after the fix drains its stream in order', async () => {
    const { id } = await parkedLetter()
    recording.poisoned.clear()
    await handle(streamOf('order-poison', 5))
    expect(await desk.reprocess(id, operator)).toBe('accepted')
    expect(await list()).toMatchObject([{ state: 'retrying', attempts: 0, behind: 4 }])
    await recording.retryNow()
    expect(await recording.applied()).toEqual(ids(streamOf('order-poison', 5)))
    expect([await recording.letters(), await position('order-poison')]).toEqual([[], 5])
    expect(await desk.reprocess(id, operator)).toBe('unknown')
  })

  it('who reprocesses it before the fix gives it its attempts again, and no more', async () => {
    const { id } = await parkedLetter()
    await desk.reprocess(id, operator)
    for (let attempt = 0; attempt < 6; attempt += 1) await recording.retryNow()
    expect(await list()).toMatchObject([{ id, state: 'parked', attempts: 5 }])
  })

  it('who discards it lets its consumer go on behind it, and the event stays on record', async () => {
    const { id } = await parkedLetter()
    expect(await desk.discard(id, operator)).toBe('accepted')
    await recording.retryNow()
    expect(await recording.applied()).toEqual(ids(streamOf('order-poison', 3).slice(1)))
    expect(await position('order-poison')).toBe(3)
    expect(await list({ states: ['discarded'] })).toMatchObject([{ id, version: 1, state: 'discarded' }])
    await handle(streamOf('order-poison', 4))
    expect(await recording.letters()).toEqual(['order-poison/1 discarded 5'])
    expect(await desk.discard(id, operator)).toBe('not_parked')
  })

  it('cannot discard one before which another is missing: that would be passed over with it', async () => {
    const [first, second, third] = streamOf('order-gap', 3)
    await handle([first, third].flatMap((event) => event ?? []))
    const [letter] = await list({ streamId: 'order-gap' })
    expect(letter).toMatchObject({ version: 3, cause: 'EVENT_GAP' })
    expect(await desk.discard(letter?.id ?? '', operator)).toBe('not_parked')
    await handle([second].flatMap((event) => event ?? []))
    await recording.retryNow()
    expect(await recording.applied()).toEqual(['order-gap/1', 'order-gap/2', 'order-gap/3'])
  })

  it('cannot act on one that waits behind another', async () => {
    await parkedLetter()
    const [behind] = await list({ states: ['behind'] })
    expect(await desk.discard(behind?.id ?? '', operator)).toBe('not_parked')
    expect(await desk.reprocess(behind?.id ?? '', operator)).toBe('not_parked')
  })

  it('who reprocesses many takes those that fit, and only those', async () => {
    for (const streamId of ['order-p1', 'order-p2', 'order-p3']) await parkedLetter(streamId)
    recording.poisoned.clear()
    const many = (choice: Parameters<typeof desk.reprocessMany>[0]) => desk.reprocessMany(choice, operator)
    expect(await many({ filter: { cause: 'OTHER' } })).toBe(0)
    expect(await many({ filter: { consumer: 'recording', streamId: 'order-p1' } })).toBe(1)
    const [one] = await list({ streamId: 'order-p2' })
    expect(await many({ ids: [one?.id ?? ''] })).toBe(1)
    await recording.retryNow()
    expect(await list()).toMatchObject([{ streamId: 'order-p3', state: 'parked' }])
    expect(await many({ filter: { type: 'OrderPlaced', cause: 'DATABASE_23514' } })).toBe(1)
    await recording.retryNow()
    expect(await recording.letters()).toEqual([])
    expect(await recording.applied()).toHaveLength(9)
  })

  it('is on record with what was found and why', async () => {
    const { id } = await parkedLetter()
    await desk.reprocess(id, operator)
    await desk.discard(id, { actor: 'ben', reason: 'cannot be saved' })
    const actions = await sqlOf(recording.pool).query(
      `SELECT actor, action, dead_letter_id AS id, r.reason, before, after FROM operator_actions a
         JOIN operator_reasons r ON r.action_id = a.id ORDER BY a.id`,
    )
    expect(actions).toMatchObject([
      {
        actor: 'anna',
        action: 'reprocess',
        id,
        reason: 'the bug is fixed',
        before: {
          consumer: 'recording#1',
          stream_id: 'order-poison',
          version: 1,
          state: 'parked',
          attempts: 5,
        },
      },
      { actor: 'ben', action: 'discard', id, before: { state: 'retrying' }, after: { state: 'discarded' } },
    ])
  })
})
