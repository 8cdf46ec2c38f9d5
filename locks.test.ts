import { expect, it } from 'vitest'
import { APPEND_LOCK, LEADER_LOCKS, MIGRATION_LOCK, ORPHANS_LOCK } from './locks.ts'
import { readRoutines } from './prisma/routines.ts'

it('no two advisory locks have one number, and functions take those that are named here', async () => {
  const numbers = [MIGRATION_LOCK, APPEND_LOCK, ...Object.values(LEADER_LOCKS), ORPHANS_LOCK]
  expect(new Set(numbers).size).toBe(numbers.length)
  const text = (await readRoutines()).map(({ sql }) => sql).join('\n')
  const taken = [...text.matchAll(/advisory\w*\((\w+)\)/g)].map(([, lock]) => Number(lock))
  expect(taken).toEqual([ORPHANS_LOCK])
})
