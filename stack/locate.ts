import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
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
export const goArch = process.arch === 'x64' ? 'amd64' : process.arch

/** Downloads an archive, and installs one executable of it. */
export function installFromArchive(
  { url, member, works, title }: { url: string; member: string; works: Program['works']; title: string },
  place: string,
  log: Log,
): Promise<string> {
  return installInto(place, async (scratch) => {
    const archive = path.join(scratch, 'archive.tar.gz')
    log(`downloading ${title} …`)
    await download(url, archive, DOWNLOAD_TIMEOUT_MS).catch((error: unknown) => {
      throw error instanceof Error && error.cause instanceof Error ? error.cause : error
    })
    const unpacked = spawnSync('tar', ['-xzf', archive, '-C', scratch, member])
    const executable = path.join(scratch, member)
    if (unpacked.status !== 0 || !works(executable))
      throw new Error('the archive holds no working executable')
    return executable
  })
}

/** Builds an executable with Go, and installs it. `module` is what `go install` is given. */
export async function installWithGo(
  { module, command, title }: { module: string; command: string; title: string },
  place: string,
  log: Log,
): Promise<string> {
  if ((await onPath('go')) === undefined) throw new Error('Go is not installed')
  return installInto(place, async (scratch) => {
    await runSlowly(title, 'go', ['install', module], log, { GOBIN: scratch })
    return path.join(scratch, command)
  })
}
