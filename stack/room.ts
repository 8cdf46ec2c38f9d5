import { statfsSync } from 'node:fs'
import { existingFolder } from '../disk.ts'

/** PostgreSQL alone takes 45 MB for an empty database, and 16 MB more at a time. */
const NEEDED_MB = 64

/** @throws Error that says what to do when there is no room for a folder, which need not exist yet. */
export function requireRoom(folder: string, neededMb = NEEDED_MB): void {
  const { bavail, blocks, bsize } = statfsSync(existingFolder(folder))
  const freeMb = Math.floor((bavail * bsize) / 1024 ** 2)
  // Some file systems do not know how large they are.
  if (blocks === 0 || freeMb >= neededMb) return
  throw new Error(
    `The disk of ${folder} is full (${freeMb} MB are free, ${neededMb} are needed): make room there, or set DATA_DIR to a ` +
      'folder on another disk.',
  )
}
