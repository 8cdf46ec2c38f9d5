import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import path from 'node:path'
import { installInto, runSlowly } from '../../stack/download.ts'
import { CACHE } from '../../stack/places.ts'

/** The Nodes are npm packages: the lockfile has the version and the sum of each. */
const FOLDER = import.meta.dirname
const LOCKFILE = path.join(FOLDER, 'package-lock.json')

/** The oldest that `engines` admits, and the one that is recommended. */
const MAJORS = [20, 24]

export interface Node {
  version: string
  executable: string
}

interface Lockfile {
  packages: Record<string, { version?: string }>
}

/**
 * The Nodes that the system is tried on besides the one that runs. They are installed once for each lockfile.
 * @param options more of npm's.
 * @throws Error that says what to do when one of them cannot be had.
 */
export async function installNodes(
  log: (line: string) => void,
  { cache, platform, options }: { cache: string; platform: string; options: readonly string[] } = {
    cache: CACHE,
    platform: `${process.platform}-${process.arch}`,
    options: [],
  },
): Promise<Node[]> {
  const text = readFileSync(LOCKFILE, 'utf8')
  const place = path.join(cache, `nodes-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`)
  const { packages } = JSON.parse(text) as Lockfile
  const wanted = MAJORS.map((major) => {
    const key = `node_modules/node-${major}-${platform}`
    const version = packages[key]?.version
    if (version === undefined)
      throw new Error(`test/nodes has no Node ${major} for ${platform}: run this on Linux (x64 or arm64).`)
    return { version, inside: path.join(key, 'bin', 'node') }
  })
  const nodesIn = (folder: string): Node[] =>
    wanted.map(({ version, inside }) => ({ version, executable: path.join(folder, inside) }))
  if (!existsSync(place))
    await installInto(place, async (scratch) => {
      for (const name of ['package.json', 'package-lock.json'])
        await copyFile(path.join(FOLDER, name), path.join(scratch, name))
      const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', scratch, ...options]
      await runSlowly('installing the other versions of Node, once', 'npm', args, log)
      nodesIn(scratch).forEach(requireNode)
      return scratch
    })
  return nodesIn(place)
}

/** npm leaves out what is optional and cannot be fetched, or has another sum, and ends as if all were well. */
function requireNode({ version, executable }: Node): void {
  const { stdout } = spawnSync(executable, ['--version'], { encoding: 'utf8' })
  if (stdout?.trim() === `v${version}`) return
  throw new Error(
    `npm did not install Node ${version}: its registry cannot be reached, has no such package, or has one with another ` +
      'sum than test/nodes/package-lock.json. `npm ci --prefix test/nodes --loglevel=verbose` says which; mend that, and ' +
      'run this again.',
  )
}
