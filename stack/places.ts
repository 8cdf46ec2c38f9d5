import { createHash } from 'node:crypto'
import { accessSync, constants, mkdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { ROOT } from '../root.ts'

/**
 * Where programs that were fetched or built once are kept: for every checkout of this user, or in this one where the
 * home cannot be written.
 */
export const CACHE =
  writable(path.join(os.homedir(), '.cache', 'ordersaga')) ?? path.join(ROOT, '.cache', 'programs')

/** Where our own code is kept compiled: below the checkout, so that the packages are found from there. */
export const COMPILED = path.join(ROOT, '.cache')

function writable(folder: string): string | undefined {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
    return folder
  } catch {
    return undefined
  }
}

/**
 * A folder that every user of the machine can reach, for what PostgreSQL needs when it may not run as root and the
 * checkout lies below a closed folder. `key` is different for each checkout.
 */
export function reachableFolder(key: string): string {
  const name = createHash('sha256').update(key).digest('hex').slice(0, 12)
  return path.join('/var/cache/ordersaga', name)
}
