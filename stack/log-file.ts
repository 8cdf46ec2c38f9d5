import { renameSync, statSync } from 'node:fs'

const LOG_MAX_BYTES = 10 * 1024 * 1024

/** Before a server appends to its log: one that has grown large becomes `.1`, in place of the one before it. */
export function turnLog(file: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size > LOG_MAX_BYTES) renameSync(file, `${file}.1`)
}
