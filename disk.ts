import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import path from 'node:path'
import { Gauge, type Registry } from 'prom-client'

/** What the operating system says of the file system on which a folder lies. */
export type ReadFileSystem = (folder: string) => Promise<{ bavail: number; blocks: number; bsize: number }>

/** The folder itself, or the nearest one above it that exists. */
export const existingFolder = (folder: string): string =>
  existsSync(folder) ? folder : existingFolder(path.dirname(folder))

/**
 * Shows how much room the file system of a folder has. It is measured when it is asked for. The disk of a PostgreSQL on
 * another machine cannot be measured from here.
 */
export function createDiskMetrics(registry: Registry, folder: string, read: ReadFileSystem = statfs): void {
  const measured = (
    name: string,
    help: string,
    blocksOf: (found: { bavail: number; blocks: number }) => number,
  ) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const found = await read(existingFolder(folder)).catch(() => UNKNOWN)
        // Some file systems do not know how large they are. Unknown is not zero.
        this.set(found.blocks === 0 ? Number.NaN : blocksOf(found) * found.bsize)
      },
    })
  measured(
    'ordersaga_disk_free_bytes',
    'Room that is left on the file system of DATA_DIR',
    ({ bavail }) => bavail,
  )
  measured('ordersaga_disk_size_bytes', 'Size of the file system of DATA_DIR', ({ blocks }) => blocks)
}

const UNKNOWN = { bavail: 0, blocks: 0, bsize: 0 }
