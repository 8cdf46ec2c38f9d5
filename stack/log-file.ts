import type { ChildProcess } from 'node:child_process'
import { copyFileSync, openSync, renameSync, statSync, truncateSync } from 'node:fs'

const LOG_MAX_BYTES = 10 * 1024 * 1024
const LOOK_EVERY_MS = 60_000

const isLarge = (file: string) => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_MAX_BYTES

/** The log that a server is to append to. One that has grown large becomes `.1`, in place of the one before it. */
export function openLog(file: string): number {
  if (isLarge(file)) renameSync(file, `${file}.1`)
  return openSync(file, 'a')
}

/** Keeps the log of a server small while it runs. */
export function keepSmall(file: string, server: ChildProcess): void {
  const looking = setInterval(() => shrink(file), LOOK_EVERY_MS).unref()
  server.once('exit', () => clearInterval(looking))
}

/** The server goes on appending to the same file: what it holds is copied, and cut off. */
export function shrink(file: string): void {
  if (!isLarge(file)) return
  try {
    copyFileSync(file, `${file}.1`)
  } catch {
    // The disk may be full: the next lines are worth more than these.
  }
  truncateSync(file)
}
