import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectionLike } from '@temporalio/client'
import type { ReadClock } from '../clock-skew.ts'
import type { Database } from '../prisma/client.ts'

/** Temporal takes no poll that has less than two seconds. */
const POLL_TIMEOUT_MS = 4000
const LOOK_EVERY_MS = 10

export interface ClockOptions {
  db: Database
  connection: ConnectionLike
  namespace: string
  /** A queue of no participant: there is never a task on it. */
  taskQueue: string
}

/** The clocks that a deadline depends on: it is set by the one of the database, and judged by Temporal's. */
export const createClocks = ({ db, ...temporal }: ClockOptions) => ({
  database: databaseClock(db),
  temporal: temporalClock(temporal),
})

const databaseClock =
  (db: Database): ReadClock =>
  async () => {
    const [row] = await db.$queryRaw<{ nowMs: number }[]>`
      SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"`
    if (row === undefined) throw new Error('The database answered no time')
    return row.nowMs
  }

/**
 * Temporal has no call that answers its time, but it notes who has polled a queue, and when. So a queue without tasks
 * is polled under a name that was never used, and looked at until the poll is noted. It is given up then: no workflow
 * is started, and no history is written.
 */
function temporalClock({ connection, namespace, taskQueue }: Omit<ClockOptions, 'db'>): ReadClock {
  const { workflowService } = connection
  const queue = { namespace, taskQueue: { name: taskQueue } }

  const notedAt = async (identity: string, signal: AbortSignal): Promise<number> => {
    for (;;) {
      const { pollers } = await workflowService.describeTaskQueue(queue)
      const time = pollers.find((poller) => poller.identity === identity)?.lastAccessTime
      if (time) return Number(time.seconds) * 1000 + (time.nanos ?? 0) / 1e6
      await sleep(LOOK_EVERY_MS, undefined, { signal })
    }
  }
  const pollInVain = async (identity: string): Promise<never> => {
    await workflowService.pollWorkflowTaskQueue({ ...queue, identity })
    throw new Error('Temporal has not noted a poll')
  }

  return async () => {
    const identity = `clock-${randomUUID()}`
    const ending = new AbortController()
    try {
      return await connection.withDeadline(Date.now() + POLL_TIMEOUT_MS, () =>
        connection.withAbortSignal(ending.signal, () =>
          Promise.race([notedAt(identity, ending.signal), pollInVain(identity)]),
        ),
      )
    } finally {
      ending.abort()
    }
  }
}
