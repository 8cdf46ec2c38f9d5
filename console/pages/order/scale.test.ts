import { describe, expect, it } from 'vitest'
import { scaleOf } from './scale.ts'

const HOUR = 3_600_000

describe('the scale of a timeline', () => {
  it('keeps the order of moments, from 0 to 1', () => {
    const moments = [0, 12, 40, 41, 900]
    const { place } = scaleOf(moments)
    const places = moments.map((at) => place(at))
    expect(places).toEqual([...places].sort((a, b) => a - b))
    expect([places[0], places.at(-1)]).toEqual([0, 1])
  })

  it('leaves room for what took milliseconds beside what took an hour', () => {
    const { place } = scaleOf([0, 100, 200, HOUR])
    expect(place(200) - place(0)).toBeGreaterThan(0.15)
  })

  it('says how long the long pauses are, and where', () => {
    const { pauses } = scaleOf([0, 5, HOUR])
    expect(pauses).toEqual([{ from: 5, to: HOUR, ms: HOUR - 5 }])
  })

  it('has one place for one moment', () => {
    expect(scaleOf([7]).place(7)).toBe(0)
  })
})
