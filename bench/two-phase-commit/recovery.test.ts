import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PARTICIPANTS } from './participants.ts'
import { openSagas, resolve, type Decision, type Progress } from './recovery.ts'

const commit = (gid: string): Decision => ({ type: 'commit', gid })
const end = (gid: string): Decision => ({ type: 'end', gid })

describe('the recovery of two-phase commit', () => {
  it('commits what the log says to commit, and rolls back what it does not name', () => {
    const inDoubt = [
      { participant: 'inventory', gid: 'a' },
      { participant: 'payment', gid: 'b' },
    ] as const
    expect(resolve([commit('a')], inDoubt)).toEqual([
      { participant: 'inventory', gid: 'a', act: 'commit' },
      { participant: 'payment', gid: 'b', act: 'rollback' },
    ])
  })

  it('rolls everything back where no decision was written', () => {
    expect(resolve([], [{ participant: 'loyalty', gid: 'a' }])).toEqual([
      { participant: 'loyalty', gid: 'a', act: 'rollback' },
    ])
  })

  it('does nothing where nothing is in doubt', () => {
    expect(resolve([commit('a')], [])).toEqual([])
  })

  it('commits what is in doubt although its end was noted', () => {
    expect(resolve([commit('a'), end('a')], [{ participant: 'shipping', gid: 'a' }])).toEqual([
      { participant: 'shipping', gid: 'a', act: 'commit' },
    ])
  })

  it('decides alike for all participants of an order, whichever of them are still in doubt', () => {
    const gid = fc.constantFrom<string>('a', 'b', 'c', 'd')
    const branch = fc.record({ participant: fc.constantFrom(...PARTICIPANTS), gid })
    fc.assert(
      fc.property(fc.array(gid), fc.array(gid), fc.array(branch), (committed, ended, inDoubt) => {
        const resolutions = resolve(
          [...ended.map((gid) => end(gid)), ...committed.map((gid) => commit(gid))],
          inDoubt,
        )
        expect(resolutions).toHaveLength(inDoubt.length)
        for (const { gid, act } of resolutions)
          expect(act).toBe(committed.includes(gid) ? 'commit' : 'rollback')
      }),
    )
  })
})

describe('the recovery of the saga', () => {
  const order = (id: string) => ({ id, sku: 'SKU-1', country: 'NL' })
  const begin = (id: string): Progress => ({ type: 'begin', order: order(id) })

  it('goes forward with what has begun, and back with what has begun its compensation', () => {
    expect(openSagas([begin('a'), begin('b'), { type: 'compensate', orderId: 'b' }])).toEqual([
      { order: order('a'), direction: 'forward' },
      { order: order('b'), direction: 'back' },
    ])
  })

  it('leaves alone what has ended, in either direction', () => {
    const log: Progress[] = [
      begin('a'),
      begin('b'),
      { type: 'compensate', orderId: 'b' },
      { type: 'end', orderId: 'b' },
      { type: 'end', orderId: 'a' },
    ]
    expect(openSagas(log)).toEqual([])
  })
})
