import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { ROOT } from '../../root.ts'
import { runSlowly } from '../../stack/download.ts'

const PEERS = path.join(ROOT, 'bench', 'peers')

/** Where the programs of the peers are compiled to: their packages are found from there. */
export const PEERS_COMPILED = path.join(PEERS, 'node_modules', '.compiled')

/** npm picks it for the platform, and leaves it out where there is none. */
export const RESTATE_SERVER = path.join(
  PEERS,
  'node_modules',
  '@restatedev',
  `restate-server-${process.platform}-${process.arch}`,
  'bin',
  'restate-server',
)

/** It says which lockfile was installed. */
const SEAL = path.join(PEERS, 'node_modules', '.ordersaga-installed')

/**
 * Installs DBOS and Restate, which only the comparison needs, and checks the types of the programs that use them.
 * @throws Error that says what to do.
 */
export async function installPeers(log: (line: string) => void): Promise<void> {
  const wanted = createHash('sha256')
    .update(readFileSync(path.join(PEERS, 'package-lock.json')))
    .digest('hex')
  if (!existsSync(SEAL) || readFileSync(SEAL, 'utf8') !== wanted) {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', PEERS]
    await runSlowly('installing DBOS and Restate, once', npm, args, log).catch((cause: unknown) => {
      throw new Error(
        'DBOS and Restate cannot be installed: `npm ci --prefix bench/peers` says why. Where the registry cannot be ' +
          'reached, leave them out of the comparison.',
        { cause },
      )
    })
    if (!existsSync(RESTATE_SERVER))
      throw new Error(
        `npm installed no Restate server for ${process.platform}-${process.arch}: leave Restate out of the comparison, or ` +
          'run it on Linux or macOS.',
      )
    await writeFile(SEAL, wanted)
  }
  const tsc = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  await runSlowly('checking the types of the peers', process.execPath, [tsc, '--noEmit', '-p', PEERS], log)
}
