import { describe, expect, it } from 'vitest'
import { concernsOf, headlineOf, type Overview, type Reading } from './concerns.ts'

const AS_OF = '2026-11-27T14:00:00.000Z'
const ago = (seconds: number) => new Date(Date.parse(AS_OF) - seconds * 1000).toISOString()

const CALM: Overview = {
  asOf: AS_OF,
  orders: { open: [], lastDay: [], oldestOpen: null, atRisk: [] },
  throughput: { bucketSeconds: 10, buckets: [] },
  latency: { sample: 0, toTerminalMs: null, steps: [] },
  starts: { backlog: 0, oldestAt: null },
  wakes: { backlog: 0 },
  outbox: { unpublished: 0, oldestAt: null },
  deadLetters: { parked: 0, retrying: 0, behind: 0 },
  parked: { steps: 0, amounts: [] },
  orphans: { count: 0, oldestSince: null },
  processes: [{ name: 'one', connections: 1, leaderOf: ['relay', 'projector', 'choreography'] }],
}

const READING: Reading = {
  overview: CALM,
  dependencies: {
    data: [{ provider: 'payment', breaker: 'closed', bulkhead: { limit: 40, inUse: 3 }, waiting: 0 }],
  },
  projections: { data: [] },
  maintenance: {
    intake: 'open',
    breakers: { payment: 'auto', shipping: 'auto' },
    pausedSteps: [],
    reason: null,
  },
  invariants: { ok: true, checks: [{ name: 'money', ok: true, detail: 'holds' }] },
}

const concerns = (changes: Partial<Overview>, others: Partial<Reading> = {}) =>
  concernsOf({ ...READING, ...others, overview: { ...CALM, ...changes } })

const tonesOf = (changes: Partial<Overview>, others: Partial<Reading> = {}) =>
  concerns(changes, others).map(({ tone }) => tone)

describe('what an operator has to worry about', () => {
  it('is nothing when all is as it should be', () => {
    expect(concerns({})).toEqual([])
    expect(headlineOf([])).toEqual({ tone: 'done', text: 'All is well.' })
  })

  it('is a difference from a provider, which needs a person and breaks nothing', () => {
    const differs = { name: 'reconciliation', ok: false, detail: '1 violations: …' }
    const found = concerns({}, { invariants: { ok: false, checks: [differs] } })
    expect(found).toMatchObject([{ tone: 'person', place: { to: '/reconciliation' } }])
    const broken = { name: 'money', ok: false, detail: '1 violations: …' }
    expect(tonesOf({}, { invariants: { ok: false, checks: [differs, broken] } })).toEqual([
      'failed',
      'person',
    ])
  })

  it('begins with a broken invariant, then with what needs a person', () => {
    const invariants = { ok: false, checks: [{ name: 'money', ok: false, detail: '1 violations: …' }] }
    const dependencies = {
      data: [{ provider: 'payment', breaker: 'open' as const, bulkhead: { limit: 4, inUse: 0 }, waiting: 7 }],
    }
    const found = concerns({ parked: { steps: 1, amounts: [] } }, { invariants, dependencies })
    expect(found.map(({ tone }) => tone)).toEqual(['failed', 'person', 'waiting'])
    expect(headlineOf(found)).toEqual({
      tone: 'failed',
      text: '1 thing is broken, 1 thing needs a person, 1 thing waits.',
    })
  })

  it('is calm about a queue that moves, and not about one that stands still', () => {
    expect(tonesOf({ starts: { backlog: 50, oldestAt: ago(2) } })).toEqual([])
    expect(tonesOf({ starts: { backlog: 1, oldestAt: ago(11) } })).toEqual(['waiting'])
    expect(tonesOf({ outbox: { unpublished: 900, oldestAt: ago(1) } })).toEqual([])
    expect(tonesOf({ outbox: { unpublished: 1, oldestAt: ago(11) } })).toEqual(['waiting'])
  })

  it('names a provider that is away, and how many orders wait for it', () => {
    const dependencies = {
      data: [{ provider: 'payment', breaker: 'open' as const, bulkhead: { limit: 4, inUse: 0 }, waiting: 7 }],
    }
    const [concern] = concerns({}, { dependencies })
    expect(concern?.text).toBe(
      'The provider payment does not answer: its breaker is open. 7 orders wait for it.',
    )
    expect(concern?.place).toEqual({ to: '/orders', search: { status: 'waiting' } })
  })

  it('is that a bulkhead is full', () => {
    const dependencies = {
      data: [
        { provider: 'payment', breaker: 'closed' as const, bulkhead: { limit: 4, inUse: 4 }, waiting: 0 },
      ],
    }
    expect(tonesOf({}, { dependencies })).toEqual(['waiting'])
  })

  it('is that no process leads', () => {
    const processes = [{ name: 'one', connections: 1, leaderOf: ['relay' as const] }]
    expect(concerns({ processes })[0]?.text).toContain('No process leads the projector.')
  })

  it('is an open order that is older than its deadline would be, unless it is parked', () => {
    const oldest = (status: 'waiting' | 'parked') => ({ id: 'a', status, createdAt: ago(3600) })
    const orders = { ...CALM.orders }
    expect(tonesOf({ orders: { ...orders, oldestOpen: oldest('waiting') } })).toEqual(['waiting'])
    expect(tonesOf({ orders: { ...orders, oldestOpen: oldest('parked') } })).toEqual([])
  })

  it('is what an operator has switched off', () => {
    const maintenance = {
      intake: 'paused' as const,
      breakers: { payment: 'open' as const, shipping: 'auto' as const },
      pausedSteps: ['awardPoints'],
      reason: 'tried',
    }
    expect(tonesOf({}, { maintenance })).toEqual(['waiting', 'waiting', 'waiting'])
  })

  it('is that a part could not be read: silence is not health', () => {
    const unread = { dependencies: null, projections: null, maintenance: null, invariants: null }
    expect(tonesOf({}, unread)).toHaveLength(4)
  })

  it('waits for the first check of the invariants without alarm', () => {
    expect(tonesOf({}, { invariants: undefined })).toEqual([])
  })

  it('says that nothing needs a person when all of it continues by itself', () => {
    expect(headlineOf(concerns({ orphans: { count: 1, oldestSince: ago(31) } }))).toEqual({
      tone: 'waiting',
      text: 'Nothing needs a person. 1 thing waits.',
    })
  })
})
