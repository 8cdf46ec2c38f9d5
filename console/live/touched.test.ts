import { describe, expect, it } from 'vitest'
import { isTouched } from './touched.ts'

const ids = new Set(['a1'])
const about = (params: object) => ['get', '/orders/{id}', { params }]

describe('a query after an event of order a1', () => {
  it('is read again when it is about that order, or about many', () => {
    expect(isTouched(about({ path: { id: 'a1' } }), ids)).toBe(true)
    expect(isTouched(['get', '/operations/overview'], ids)).toBe(true)
    expect(isTouched(['get', '/orders', { params: { query: { status: 'parked' } } }], ids)).toBe(true)
  })

  it('is left alone when it is about another order, or about the past', () => {
    expect(isTouched(about({ path: { id: 'b2' } }), ids)).toBe(false)
    expect(isTouched(about({ path: { id: 'a1' }, query: { asOfVersion: 3 } }), ids)).toBe(false)
  })
})
