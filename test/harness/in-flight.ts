import { expect } from 'vitest'
import type { Database } from '../../prisma/client.ts'
import { until } from './poll.ts'

type Statement<T> = (db: Database) => Promise<T>

/**
 * Runs two statements on two connections so that the second meets the first uncommitted: the first is held in an
 * open database transaction until the second waits for it, then committed.
 * @returns what each answered, and whether the second had to wait.
 */
export async function inFlight<A, B>(
  db: Database,
  first: Statement<A>,
  second: Statement<B>,
): Promise<{ first: A; second: B; hasWaited: boolean }> {
  let commit = (): void => undefined
  const mayCommit = new Promise<void>((resolve) => {
    commit = resolve
  })
  let secondEnd: Promise<B> | undefined
  let isSecondDone = false
  const firstEnd = db.$transaction(
    async (transaction) => {
      const answer = await first(transaction as Database)
      secondEnd = second(db).finally(() => {
        isSecondDone = true
      })
      await mayCommit
      return answer
    },
    { timeout: 20_000 },
  )
  const hasWaited = await until('the second statement to wait or to end', async () => {
    if (isSecondDone) return false
    return (await waitingForLocks(db)) > 0 ? true : undefined
  })
  commit()
  const answer = await firstEnd
  expect(secondEnd).toBeDefined()
  return { first: answer, second: await (secondEnd as unknown as Promise<B>), hasWaited }
}

/** How many statements of this database wait for another to commit. */
export async function waitingForLocks(db: Database): Promise<number> {
  const [row] = await db.$queryRaw<{ waiting: bigint }[]>`
    SELECT count(*) AS waiting FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'`
  return Number(row?.waiting ?? 0)
}
