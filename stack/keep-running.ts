import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from './pids.ts'
import type { Kept } from './process-desk.ts'

const LOOK_EVERY_MS = 250

/** Between two tries to start it again. */
const PAUSE_MS = 1000

export interface Server {
  pid: number
  stop(): Promise<void>
}

export interface KeptServer extends Kept {
  stop(): Promise<void>
}

/**
 * Keeps a server of others running, as the supervisor does with processes of our own: started now, started again on
 * the same data and port when it dies, until it is stopped.
 */
export async function keepRunning<Started extends Server>(
  name: string,
  start: () => Promise<Started>,
  log: (line: string) => void,
): Promise<{ first: Started; kept: KeptServer }> {
  const first = await start()
  const stopping = new AbortController()
  let server: Started = first
  let isUp = true
  let since = new Date()
  let restarts = 0

  const startAgain = async () => {
    while (!stopping.signal.aborted) {
      try {
        server = await start()
        isUp = true
        since = new Date()
        restarts += 1
        log(`${name} runs again`)
        return
      } catch (error) {
        log(
          `${name} cannot be started, will be tried again: ${error instanceof Error ? error.message : String(error)}`,
        )
        await pause(PAUSE_MS)
      }
    }
  }
  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined)
  const watch = async () => {
    while (!stopping.signal.aborted) {
      await pause(LOOK_EVERY_MS)
      if (stopping.signal.aborted || isAlive(server.pid)) continue
      isUp = false
      since = new Date()
      log(`${name} ended, starting again`)
      await startAgain()
    }
  }
  const watching = watch()

  return {
    first,
    kept: {
      name,
      // It may have ended, and not be missed yet.
      pid: () => (isUp && isAlive(server.pid) ? server.pid : undefined),
      restarts: () => restarts,
      since: () => since,
      async stop() {
        stopping.abort()
        await watching
        await server.stop()
      },
    },
  }
}
