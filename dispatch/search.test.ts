import pino from 'pino'
import { describe, expect, it } from 'vitest'
import type { Unmoved } from './orphans.ts'
import { createOrphanSearch } from './search.ts'

/** A search over sagas whose workflows Temporal knows as `found`. */
function searchOf(found: readonly (string | Error)[]) {
  const due = found.map((_, at): Unmoved => ({ id: `saga${at}`, definition: 'order@1', version: 1 }))
  const asked: string[] = []
  const open: string[] = []
  const restarted: string[] = []
  const counted: [string, number][] = []
  const lines: { level: number; count: number }[] = []
  let kicks = 0
  const search = createOrphanSearch({
    workflows: {
      async find({ id }) {
        asked.push(id)
        const answer = found[Number(id.slice('saga'.length))] ?? 'OPEN'
        if (answer instanceof Error) throw answer
        return answer
      },
    },
    orphans: {
      take: async (limit) => due.splice(0, limit),
      foundOpen: async ({ id }) => void open.push(id),
      restart: async ({ id }, how) => {
        restarted.push(`${id} ${how}`)
        return how === 'FAILED' ? 'parked' : 'restarted'
      },
    },
    onRestart: () => (kicks += 1),
    onFound: (verdict, count) => counted.push([verdict, count]),
    log: pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line) as never) }),
  })
  return { search, asked, open, restarted, counted, lines, kicks: () => kicks }
}

describe('the search for orphans', () => {
  it('leaves a saga alone whose workflow is open', async () => {
    const { search, open, restarted, lines } = searchOf(['OPEN', 'OPEN'])
    await search.look()
    expect([open, restarted, lines]).toEqual([['saga0', 'saga1'], [], []])
  })

  it('restarts those whose workflow is closed or missing, and counts them by what was done', async () => {
    const { search, restarted, counted, kicks } = searchOf(['MISSING', 'OPEN', 'TERMINATED', 'FAILED'])
    await search.look()
    expect(restarted).toEqual(['saga0 MISSING', 'saga2 TERMINATED', 'saga3 FAILED'])
    expect(counted).toEqual([
      ['restarted', 2],
      ['parked', 1],
    ])
    expect(kicks()).toBe(1)
  })

  it('asks a Temporal that is away once, and takes no workflow for gone', async () => {
    const { search, asked, restarted } = searchOf(Array.from({ length: 5 }, () => new Error('away')))
    await expect(search.look()).rejects.toThrow('away')
    expect([asked, restarted]).toEqual([['saga0'], []])
  })

  it('reports what it has done when Temporal goes away in between', async () => {
    const { search, restarted, lines } = searchOf(['MISSING', new Error('away'), 'MISSING'])
    await expect(search.look()).rejects.toThrow('away')
    expect(restarted).toEqual(['saga0 MISSING', 'saga2 MISSING'])
    expect(lines.map(({ count }) => count)).toEqual([2])
  })

  it('restarts twenty in one round at most, and raises the alarm when they are many', async () => {
    const { search, restarted, lines } = searchOf(Array<string>(50).fill('MISSING'))
    await search.look()
    expect(restarted).toHaveLength(20)
    expect(lines.map(({ level }) => level)).toEqual([50])
  })
})
