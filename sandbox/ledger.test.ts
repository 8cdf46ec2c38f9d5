import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openLedger, type Ledger } from './ledger.ts'

let folder: string
let file: string
beforeEach(() => {
  vi.useFakeTimers({ now: 1000 })
  folder = mkdtempSync(path.join(tmpdir(), 'ordersaga-ledger-'))
  file = path.join(folder, 'ledger.jsonl')
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true })
})

const create = (ledger: Ledger, key: string, at: number) => {
  vi.setSystemTime(at)
  ledger.write({ collection: 'charges', key, did: 'create', effect: {}, request: '' })
}

/** All pages of what has changed from one time to before another. */
function changed(ledger: Ledger, from: number, to: number, limit = 2): string[] {
  const keys: string[] = []
  for (let after = -1; ;) {
    const { page, next, hasMore } = ledger.changes('charges', { from, to }, after, limit)
    expect(page.length).toBeLessThanOrEqual(limit)
    keys.push(...page.map(({ key, at }) => `${key} ${at}`))
    if (!hasMore) return keys
    after = next
  }
}

describe('what has changed in a time', () => {
  it('is listed page by page, oldest first, without the end of the time', () => {
    const ledger = openLedger(undefined)
    for (const n of [1, 2, 3, 4, 5]) create(ledger, `k${n}`, n * 1000)
    expect(changed(ledger, 2000, 5000)).toEqual(['k2 2000', 'k3 3000', 'k4 4000'])
    expect(changed(ledger, 0, 9000, 1)).toHaveLength(5)
    expect(changed(ledger, 6000, 9000)).toEqual([])
  })

  it('has no page that tombstones fill', () => {
    const ledger = openLedger(undefined)
    for (const n of [1, 2, 3]) ledger.write({ collection: 'charges', key: `void ${n}`, did: 'void' })
    create(ledger, 'k1', 5000)
    const { page, hasMore } = ledger.changes('charges', { from: 0, to: Date.now() + 1 }, -1, 2)
    expect([page.map(({ key }) => key), hasMore]).toEqual([['k1'], false])
  })

  it('has a key that changed again at its last change alone, and the same after a restart', () => {
    const ledger = openLedger(file)
    for (const n of [1, 2, 3]) create(ledger, `k${n}`, n * 1000)
    vi.setSystemTime(4000)
    ledger.write({ collection: 'charges', key: 'k1', did: 'undo', undoKey: 'u' })
    for (const each of [ledger, openLedger(file)]) {
      expect(changed(each, 0, 4000)).toEqual(['k2 2000', 'k3 3000'])
      expect(changed(each, 0, 9000)).toEqual(['k2 2000', 'k3 3000', 'k1 4000'])
      expect(each.changedAt('charges', 'k1')).toBe(4000)
    }
  })

  it('is never before what was listed already, also when the clock is set back', () => {
    const ledger = openLedger(undefined)
    create(ledger, 'k1', 5000)
    create(ledger, 'k2', 3000)
    expect(changed(ledger, 0, 9000)).toEqual(['k1 5000', 'k2 5000'])
  })

  it('is long ago for lines of a ledger that had no times', () => {
    const line = { collection: 'charges', key: 'old', did: 'create', effect: {}, request: '' }
    writeFileSync(file, `${JSON.stringify(line)}\n`)
    const ledger = openLedger(file)
    expect(changed(ledger, 1, 9000)).toEqual([])
    expect(ledger.find('charges', 'old')).toMatchObject({ state: 'live', decidesAt: 'at once' })
  })
})
