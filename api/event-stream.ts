import { createEventBuffer, createSession, type EventBuffer } from 'better-sse'
import type { Response } from 'express'
import type { Stream } from './endpoint.ts'

/** What is kept for one client that reads slowly. */
const UNREAD_BYTES_MAX = 256_000

/** How long one that was cut off has to read what it has not read. */
const FAREWELL_MS = 10_000

/** A client that has asked for a stream. */
export interface Watcher {
  /** Does nothing once it has left. */
  send(frames: EventBuffer): void
  /** Resolves when it takes more, or has left. */
  ready(): Promise<void>
  /** Ends its stream: it comes back with the id of the last event that it has. */
  cutOff(): void
  /** Resolves when it has left, or was cut off, or this process is to end. */
  left: Promise<void>
  hasLeft(): boolean
}

export interface Frame {
  data: unknown
  type: string
  id: string
}

/** Events as they are sent, written once for everybody who watches. */
export function toFrames(frames: readonly Frame[]): EventBuffer {
  const buffer = createEventBuffer()
  for (const { data, type, id } of frames) buffer.push(data, type, id)
  return buffer
}

/**
 * Keeps streams open while their work goes on. All of them share one listener of `ending`: a signal that lives long
 * keeps every listener that was ever composed from it.
 */
export function createEventStreams(ending: AbortSignal) {
  const open = new Set<() => void>()
  ending.addEventListener('abort', () => {
    for (const leave of open) leave()
  })
  return (work: (watcher: Watcher) => Promise<void>): Stream =>
    async (request, response) => {
      // It may have left while its first events were looked up: no event says so any more.
      if (response.closed || response.destroyed || ending.aborted) return void response.end()
      let hasLeft = false
      let leave = () => undefined as void
      const left = new Promise<void>((resolve) => {
        leave = () => {
          hasLeft = true
          resolve()
        }
      })
      open.add(leave)
      response.once('close', leave)
      const session = await createSession(request, response)
      const cutOff = () => {
        response.write(': too slow, come back with Last-Event-ID\n\n')
        leave()
      }
      const watcher: Watcher = {
        left,
        cutOff,
        hasLeft: () => hasLeft,
        send(frames) {
          if (hasLeft) return
          // Of what was sent before: one batch may be larger than that.
          if (response.writableLength > UNREAD_BYTES_MAX) cutOff()
          else void session.batch(frames)
        },
        async ready() {
          if (response.writableNeedDrain)
            await Promise.race([left, new Promise<void>((go) => response.once('drain', go))])
        },
      }
      try {
        await work(watcher)
      } finally {
        open.delete(leave)
        end(response)
      }
    }
}

/** A client that does not read is not waited for: what it has not read would stay in memory. */
function end(response: Response): void {
  response.end()
  const timer = setTimeout(() => response.destroy(), FAREWELL_MS)
  response.once('close', () => clearTimeout(timer))
  if (response.closed) clearTimeout(timer)
}
