import { describe, expect, test } from 'vitest'
import { leftMs, percentOf, type Rebuild } from './rebuild.ts'

const running: Rebuild = {
  state: 'running',
  rebuiltEvents: 250,
  totalEvents: 1000,
  startedAt: '2026-11-27T12:00:00.000Z',
}
const after = (seconds: number) => Date.parse('2026-11-27T12:00:00.000Z') + seconds * 1000

describe('how far a rebuild is', () => {
  test.each([
    [0, 0, 0],
    [250, 1000, 25],
    [999, 1000, 99],
    [1000, 1000, 100],
    [1001, 1000, 100],
  ])('%i of %i events is %i percent', (rebuiltEvents, totalEvents, percent) => {
    expect(percentOf({ ...running, rebuiltEvents, totalEvents })).toBe(percent)
  })

  test('what is left takes as long as what is done', () => {
    expect(leftMs(running, after(10))).toBe(30_000)
    expect(leftMs({ ...running, rebuiltEvents: 1001 }, after(10))).toBe(0)
  })

  test.each([
    ['that has just begun', running, after(1)],
    ['that has done nothing yet', { ...running, rebuiltEvents: 0 }, after(10)],
    ['that is wished for', { ...running, state: 'wished' as const, startedAt: null }, after(10)],
  ])('the end of one %s is not known', (_name, rebuild, now) => {
    expect(leftMs(rebuild, now)).toBeUndefined()
  })
})
