import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { download, installInto, onPath, runSlowly } from './download.ts'

const DOWNLOAD_TIMEOUT_MS = 120_000

type Log = (line: string) => void

export interface Program {
  /** Its name on the PATH. */
  command: string
  /** The variable that may name it, and what that says. */
  variable: { name: string; value: string | undefined }
  /** Whether this executable will do. */
  works: (file: string) => boolean
  /** Where an earlier download or build lies. */
  cached: string
  /** How to get one, by what that is called. */
  ways: Record<string, () => Promise<string>>
  /** The advice when there is none and none can be had. */
  none: { title: string; advice: string }
}

/**
 * Finds an executable, or gets it: the one that its variable names, the PATH, an earlier download or build, each way
 * to get one.
 * @throws Error that names every way, and what it failed of.
 */
export async function locate({ command, variable, works, cached, ways, none }: Program): Promise<string> {
  if (variable.value !== undefined) {
    if (works(variable.value)) return variable.value
    throw new Error(
      `${variable.name} names ${variable.value}, which does not answer \`--version\` as it should.`,
    )
  }
  const installed = await onPath(command)
  if (installed !== undefined && works(installed)) return installed
  if (existsSync(cached) && works(cached)) return cached
  return firstWay(ways, none)
}

/** What the first way that works gives. @throws Error that says what each failed of. */
export async function firstWay<T>(
  ways: Record<string, () => Promise<T>>,
  { title, advice }: Program['none'],
): Promise<T> {
  const failures: string[] = []
  for (const [name, get] of Object.entries(ways)) {
    try {
      return await get()
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new Error(`${title}, and none could be fetched:\n  ${failures.join('\n  ')}\n${advice}`)
}

/** The version that an executable answers, as numbers; undefined when it does not answer. */
export function versionOf(file: string): number[] | undefined {
  const { status, stdout } = spawnSync(file, ['--version'], { timeout: 20_000, encoding: 'utf8' })
  if (status !== 0) return undefined
  return (/\d+(\.\d+)+/.exec(stdout)?.[0] ?? '0').split('.').map(Number)
}

/** The name of this machine's processor in releases of programs written in Go. */
const goArch = process.arch === 'x64' ? 'amd64' : process.arch

/** What releases of programs are called for this machine, e.g. `linux-amd64`. */
export const PLATFORM = `${process.platform}-${goArch}`

/** The SHA-256 of each archive of a release, by its platform. */
export type Sums = Readonly<Record<string, string>>

export interface Archive {
  url: string
  /** What is downloaded is run: without a sum that it can be held against, it is not downloaded. */
  sha256: string | undefined
  member: string
  works: Program['works']
  title: string
}

/** Downloads an archive, and installs one executable of it. A file that was changed on its way is not even unpacked. */
export function installFromArchive(
  { url, sha256, member, works, title }: Archive,
  place: string,
  log: Log,
): Promise<string> {
  if (sha256 === undefined)
    return Promise.reject(
      new Error(`no SHA-256 of ${title} is known for ${PLATFORM}, so it is not downloaded`),
    )
  return installInto(place, async (scratch) => {
    const archive = path.join(scratch, 'archive.tar.gz')
    log(`downloading ${title} …`)
    await download(url, archive, DOWNLOAD_TIMEOUT_MS).catch((error: unknown) => {
      throw error instanceof Error && error.cause instanceof Error ? error.cause : error
    })
    requireSum(title, url, sha256Of(readFileSync(archive)), sha256, log)
    const unpacked = spawnSync('tar', ['-xzf', archive, '-C', scratch, member])
    const executable = path.join(scratch, member)
    if (unpacked.status !== 0 || !works(executable))
      throw new Error('the archive holds no working executable')
    return executable
  })
}

export const sha256Of = (content: Buffer): string => createHash('sha256').update(content).digest('hex')

/** Said at once, too: another way to get the program may work, and this would go unnoticed. @throws Error */
export function requireSum(title: string, from: string, found: string, wanted: string, log: Log): void {
  if (found === wanted) return
  const refusal = `${title} from ${from} is refused and deleted: its sum is ${found}, and that of the release ${wanted}`
  log(refusal)
  throw new Error(refusal)
}

export interface Source {
  /** What `go install` is given. */
  module: string
  /**
   * The sum of the module, as in `go.sum`. Go holds this module and those that it needs against the checksum database,
   * but a setting of the machine can turn that off.
   */
  sum: string
  command: string
  title: string
}

/** Builds an executable with Go, and installs it: it says itself which module, with which sum, it was built from. */
export async function installWithGo(
  { module, sum, command, title }: Source,
  place: string,
  log: Log,
): Promise<string> {
  if ((await onPath('go')) === undefined) throw new Error('Go is not installed')
  return installInto(place, async (scratch) => {
    await runSlowly(title, 'go', ['install', module], log, { GOBIN: scratch })
    const executable = path.join(scratch, command)
    const { stdout } = spawnSync('go', ['version', '-m', executable], { encoding: 'utf8' })
    requireSum('a build', module, /^\tmod\t.*\t(h1:\S+)$/m.exec(stdout)?.[1] ?? 'unknown', sum, log)
    return executable
  })
}
