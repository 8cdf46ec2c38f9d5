import { expect, it } from 'vitest'
import * as checks from './checks.ts'

it.each([
  ['20.19.0', 'ok'],
  ['20.18.3', 'wrong'],
  ['21.7.0', 'wrong'],
  ['22.12.0', 'ok'],
  ['23.1.0', 'wrong'],
  ['26.0.0', 'ok'],
])('Node %s is %s', (version, state) => {
  expect(checks.judgeNode(version).state).toBe(state)
})

it('a zone that does not exist is wrong, and names the variable', () => {
  expect(checks.judgeTimeZone('Mars/Olympus', 'UTC')).toMatchObject({
    state: 'wrong',
    detail: expect.stringContaining('TZ=Mars') as string,
  })
  expect(checks.judgeTimeZone(undefined, 'Europe/Amsterdam').state).toBe('ok')
  expect(checks.judgeTimeZone(':Europe/Amsterdam', 'Europe/Amsterdam').state).toBe('ok')
})

it.each([
  ['together', 'ok'],
  ['apart', 'wrong'],
  ['unknown', 'skipped'],
] as const)('clocks that are %s are %s', (verdict, state) => {
  expect(checks.judgeClock(verdict, 3100).state).toBe(state)
})

it.each([
  ['closed', 'ok'],
  ['half-open', 'ok'],
  ['unknown', 'skipped'],
  ['open', 'wrong'],
] as const)('a breaker that is %s is %s', (breaker, state) => {
  const data = [{ provider: 'payment', breaker, bulkhead: { limit: 1, inUse: 0 }, waiting: 3 }]
  expect(checks.judgeDependencies({ data })).toMatchObject([{ name: 'provider payment', state }])
})

const OVERVIEW = {
  asOf: '2026-11-27T11:15:40.000Z',
  starts: { backlog: 0, oldestAt: null },
  outbox: { unpublished: 0, oldestAt: null },
  orphans: { count: 0, oldestSince: null },
  processes: (['relay', 'projector'] as const).map((name) => ({ name, connections: 1, leaderOf: [name] })),
}
const LATE = '2026-11-27T11:15:00.000Z'

const wrongOf = (changes: object) =>
  checks
    .judgeOverview({ ...OVERVIEW, ...changes })
    .filter(({ state }) => state === 'wrong')
    .map(({ name }) => name)

it('what stands behind the API is judged by what it leaves undone', () => {
  expect(wrongOf({})).toEqual([])
  expect(wrongOf({ starts: { backlog: 2, oldestAt: LATE } })).toEqual(['temporal'])
  expect(wrongOf({ starts: { backlog: 2, oldestAt: OVERVIEW.asOf } })).toEqual([])
  expect(wrongOf({ outbox: { unpublished: 2, oldestAt: LATE } })).toEqual(['broker'])
  expect(wrongOf({ orphans: { count: 1, oldestSince: LATE } })).toEqual(['workflows'])
  expect(wrongOf({ processes: [] })).toEqual(['event processes'])
})

it('names the invariants that are not true', () => {
  const found = {
    ok: false,
    checks: [
      { name: 'money', ok: false, detail: '' },
      { name: 'stock', ok: true, detail: '' },
    ],
  }
  expect(checks.judgeInvariants(found)).toMatchObject({
    state: 'wrong',
    detail: expect.stringContaining('Not true: money.') as string,
  })
})

it('a port is fine if it is free or ours', () => {
  const judge = (isFree: boolean, isOurs: boolean) => checks.judgePort('PORT', 3000, { isFree, isOurs }).state
  expect([judge(true, false), judge(false, true), judge(false, false)]).toEqual(['ok', 'ok', 'wrong'])
})

it('few open files are wrong', () => {
  expect([256, 1024, 'unlimited' as const].map((limit) => checks.judgeFiles(limit).state)).toEqual([
    'wrong',
    'ok',
    'ok',
  ])
})
