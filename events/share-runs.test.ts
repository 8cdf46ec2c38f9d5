import { expect, it } from 'vitest'
import { shareRuns } from './share-runs.ts'

/** Work whose runs end when the test says so. */
function heldWork() {
  const runs: { end: (answer: number) => void; fail: (error: Error) => void }[] = []
  const ask = shareRuns(() => new Promise<number>((end, fail) => runs.push({ end, fail })))
  return { runs, ask }
}
const settle = () => new Promise((resolve) => setImmediate(resolve))

it('those who ask during a run share the next one', async () => {
  const { runs, ask } = heldWork()
  const first = ask()
  await settle()
  const later = [ask(), ask(), ask()]
  await settle()
  expect(runs).toHaveLength(1)
  runs[0]?.end(1)
  expect(await first).toBe(1)
  await settle()
  expect(runs).toHaveLength(2)
  runs[1]?.end(2)
  expect(await Promise.all(later)).toEqual([2, 2, 2])
})

it('a run that fails fails for those who asked for it, and not for the next', async () => {
  const { runs, ask } = heldWork()
  const first = ask()
  await settle()
  const next = ask()
  runs[0]?.fail(new Error('away'))
  await expect(first).rejects.toThrow('away')
  await settle()
  runs[1]?.end(2)
  expect(await next).toBe(2)
})
