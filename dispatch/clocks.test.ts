import type { ConnectionLike } from '@temporalio/client'
import { describe, expect, it } from 'vitest'
import type { Database } from '../prisma/client.ts'
import { createClocks } from './clocks.ts'

/** A Temporal that has noted a poll, at this time, when it is asked for the third time. */
function createTemporal({ answersPoll = false } = {}) {
  let isOver: AbortSignal | undefined
  let identity = ''
  let looks = 0
  const workflowService = {
    pollWorkflowTaskQueue: (request: { identity: string }) => {
      identity = request.identity
      return answersPoll ? Promise.resolve({}) : new Promise(() => undefined)
    },
    describeTaskQueue: () => {
      looks += 1
      const pollers = [{ identity: 'another', lastAccessTime: { seconds: 1, nanos: 0 } }]
      if (looks > 2)
        pollers.push({ identity, lastAccessTime: { seconds: 1_800_000_000, nanos: 250_000_000 } })
      return Promise.resolve({ pollers })
    },
  }
  const connection = {
    workflowService,
    withDeadline: (_deadline: number, work: () => unknown) => work(),
    withAbortSignal: (signal: AbortSignal, work: () => unknown) => {
      isOver = signal
      return work()
    },
  } as unknown as ConnectionLike
  const { temporal } = createClocks({
    db: {} as Database,
    connection,
    namespace: 'default',
    taskQueue: 'clock',
  })
  return { read: temporal, isGivenUp: () => isOver?.aborted }
}

describe('the clock of Temporal', () => {
  it('is the time at which it has noted our poll, which is given up then', async () => {
    const { read, isGivenUp } = createTemporal()
    expect(await read()).toBe(1_800_000_000_250)
    expect(isGivenUp()).toBe(true)
  })

  it('is not known when the poll ends without being noted', async () => {
    const { read, isGivenUp } = createTemporal({ answersPoll: true })
    await expect(read()).rejects.toThrow('Temporal has not noted a poll')
    expect(isGivenUp()).toBe(true)
  })
})
