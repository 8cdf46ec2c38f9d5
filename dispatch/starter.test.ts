import { setImmediate as turn } from 'node:timers/promises'
import pino from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Orphans } from './orphans.ts'
import { createSagaStarter } from './starter.ts'
import type { SagaStart, SagaWake, Starts } from './starts.ts'
import type { Workflows } from './workflows.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** Lets everything happen that waits for no clock. */
const settle = async () => {
  for (let turns = 0; turns < 20; turns += 1) await turn()
}

const grpcError = (code: number) => Object.assign(new Error('grpc'), { code, details: '', metadata: {} })
const UNAVAILABLE = grpcError(14)

const saga = (id: string) => ({ id, definition: 'order@1', deadlineAt: new Date(0) })

/** A starter over a table of notes in memory, and a Temporal that answers when the test says so. */
function starterOn(notes: SagaStart[], wakes: SagaWake[] = []) {
  vi.useFakeTimers({ toFake: ['setInterval', 'performance'] })
  const temporal = {
    trouble: undefined as Error | undefined,
    isSlow: false,
    hasWorkflow: true,
    started: [] as string[],
    woken: [] as string[],
  }
  const done: string[] = []
  const summoned: string[] = []
  const lines: string[] = []
  const ends: (() => void)[] = []
  const claimed = new Set<string>()
  const claims: (readonly string[])[] = []
  const starts: Starts = {
    async claimStarts(limit, own) {
      claims.push(own)
      const due = notes.filter(({ id }) => !claimed.has(id)).slice(0, limit)
      for (const { id } of due) claimed.add(id)
      return due
    },
    unclaim: async (id) => void claimed.delete(id),
    started: async (id) => void done.push(id),
    claimWakes: async (limit) => wakes.splice(0, limit),
    woken: async ({ id }) => void done.push(id),
  }
  const call = async () => {
    if (temporal.trouble !== undefined) throw temporal.trouble
    if (temporal.isSlow) await new Promise<void>((resolve) => ends.push(resolve))
  }
  const workflows = {
    async start({ id }: SagaStart) {
      temporal.started.push(id)
      await call()
    },
    async wake({ id }: SagaWake) {
      temporal.woken.push(id)
      return temporal.hasWorkflow
    },
    hasRequiredEnd: () => false,
  } as unknown as Workflows
  const orphans = { summon: async (id: string) => void summoned.push(id) } as unknown as Orphans
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) })
  const starter = createSagaStarter({ workflows, starts, orphans, log })
  starter.run()
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 250) {
      vi.advanceTimersByTime(250)
      await settle()
    }
  }
  return {
    starter,
    temporal,
    done,
    summoned,
    claims,
    lines,
    pass,
    endAll: () => ends.splice(0).forEach((end) => end()),
  }
}

const note = (id: string, more: Partial<SagaStart> = {}): SagaStart => ({
  ...saga(id),
  status: 'pending',
  isRestart: false,
  traceParent: null,
  ...more,
})

describe('a starter', () => {
  it('starts a new saga at once, and takes its note away', async () => {
    const { starter, temporal, done, pass } = starterOn([])
    await pass(250)
    starter.start(saga('a'))
    expect(temporal.started).toEqual(['a'])
    await settle()
    expect(done).toEqual(['a'])
  })

  it('queues a new saga behind older ones, and claims it with them as its own', async () => {
    const { starter, temporal, claims, pass, endAll } = starterOn(
      Array.from({ length: 20 }, (_, at) => note(`old${at}`)),
    )
    temporal.isSlow = true
    await pass(250)
    starter.start(saga('new'))
    await settle()
    expect(temporal.started).not.toContain('new')
    endAll()
    await settle()
    expect(claims.at(-1)).toEqual(['new'])
  })

  it('starts everything that was left, without waiting for a clock while there is room', async () => {
    const { starter, temporal, pass } = starterOn(Array.from({ length: 500 }, (_, at) => note(`left${at}`)))
    await pass(250)
    for (let turns = 0; turns < 100; turns += 1) await settle()
    expect(temporal.started).toHaveLength(500)
    await starter.stop()
  })

  it('asks a Temporal that is away with one call each half second, says so once, and goes on when it is back', async () => {
    const { temporal, lines, pass } = starterOn(Array.from({ length: 30 }, (_, at) => note(`left${at}`)))
    temporal.trouble = UNAVAILABLE
    await pass(250)
    const first = temporal.started.length
    await pass(60_000)
    expect(temporal.started.length - first).toBeLessThanOrEqual(120)
    expect(temporal.started.length - first).toBeGreaterThan(60)
    expect(lines).toHaveLength(1)
    temporal.trouble = undefined
    await pass(1000)
    for (let turns = 0; turns < 20; turns += 1) await settle()
    expect(new Set(temporal.started).size).toBe(30)
    expect(lines).toHaveLength(2)
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ failed: expect.any(Number) as number })
  })

  it('passes a start that fails for a reason of its own, and leaves it claimed', async () => {
    const { temporal, done, pass } = starterOn([note('a', { definition: 'odd@1' }), note('b')])
    temporal.trouble = new Error('No workflow runs odd@1')
    await pass(250)
    temporal.trouble = undefined
    await pass(1000)
    expect([temporal.started, done]).toEqual([['a', 'b'], []])
  })

  it('wakes while every place for starts is taken', async () => {
    const { starter, temporal, done, pass } = starterOn(
      Array.from({ length: 200 }, (_, at) => note(`old${at}`)),
      [{ ...saga('asleep'), claimedUntil: new Date(0) }],
    )
    temporal.isSlow = true
    starter.wake()
    await pass(250)
    expect([temporal.woken, done]).toEqual([['asleep'], ['asleep']])
  })

  it('has a saga looked for when a wake finds no workflow of it', async () => {
    const { starter, temporal, summoned, done } = starterOn(
      [],
      [{ ...saga('gone'), claimedUntil: new Date(0) }],
    )
    temporal.hasWorkflow = false
    starter.wake()
    await settle()
    expect([summoned, done]).toEqual([['gone'], ['gone']])
  })

  it.each([
    ['starts no saga again that has ended since its restart was noted', 'rejected', []],
    ['starts a saga again that has not ended', 'waiting', ['a']],
  ])('%s', async (_title, status, started) => {
    const { temporal, done, pass } = starterOn([note('a', { status, isRestart: true })])
    await pass(250)
    expect([temporal.started, done]).toEqual([started, ['a']])
  })
})
