import { createHash } from 'node:crypto'
import os from 'node:os'
import path from 'node:path'

/** Where programs that were fetched or built once are kept, for every checkout of this user. */
export const CACHE = path.join(os.homedir(), '.cache', 'ordersaga')

/**
 * A folder that every user of the machine can reach, for what PostgreSQL needs when it may not run as root and the
 * checkout lies below a closed folder. `key` tells checkouts apart.
 */
export function reachableFolder(key: string): string {
  const name = createHash('sha256').update(key).digest('hex').slice(0, 12)
  return path.join('/var/cache/ordersaga', name)
}
