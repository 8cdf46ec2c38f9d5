import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Config } from '../config.ts'
import { download, installInto, onPath, runSlowly } from './download.ts'
import { CACHE } from './places.ts'

/** The newest CLI that `go install` builds; its server is 1.29.1. */
const VERSION = 'v1.5.1'
const DOWNLOADS = 'https://temporal.download/cli/archive'
const DOWNLOAD_TIMEOUT_MS = 120_000

/**
 * Finds the `temporal` executable, or gets it: TEMPORAL_CLI_PATH, the PATH, an earlier download or build, a
 * download, a build with Go.
 * @throws Error that names every way to get one.
 */
export async function locateTemporalCli(
  config: Pick<Config, 'TEMPORAL_CLI_PATH'>,
  log: (line: string) => void,
  { downloads, cache }: { downloads: string; cache: string } = { downloads: DOWNLOADS, cache: CACHE },
): Promise<string> {
  const named = config.TEMPORAL_CLI_PATH
  if (named !== undefined) {
    if (works(named)) return named
    throw new Error(`TEMPORAL_CLI_PATH names ${named}, which does not answer \`--version\`.`)
  }
  const installed = await onPath('temporal')
  if (installed !== undefined && works(installed)) return installed
  const cached = path.join(cache, `temporal-${VERSION}`)
  if (existsSync(cached) && works(cached)) return cached
  const failures: string[] = []
  for (const get of [() => downloadCli(downloads, cached, log), () => buildCli(cached, log)]) {
    try {
      return await get()
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error))
    }
  }
  throw new Error(
    `No Temporal server was found, and none could be fetched:\n  ${failures.join('\n  ')}\n` +
      'Install the Temporal CLI and put it on the PATH, or set TEMPORAL_CLI_PATH to it, or TEMPORAL_ADDRESS to a ' +
      'running server, or install Go.',
  )
}

const works = (file: string) => spawnSync(file, ['--version'], { timeout: 20_000 }).status === 0

function downloadCli(source: string, place: string, log: (line: string) => void): Promise<string> {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  return installInto(place, async (scratch) => {
    const archive = path.join(scratch, 'temporal.tar.gz')
    log('downloading the Temporal CLI …')
    await download(
      `${source}/${VERSION}?platform=${process.platform}&arch=${arch}`,
      archive,
      DOWNLOAD_TIMEOUT_MS,
    ).catch((error: unknown) => {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
      throw new Error(`download: ${cause instanceof Error ? cause.message : String(cause)}`)
    })
    const unpacked = spawnSync('tar', ['-xzf', archive, '-C', scratch, 'temporal'])
    const executable = path.join(scratch, 'temporal')
    if (unpacked.status !== 0 || !works(executable))
      throw new Error('download: the archive holds no working executable')
    return executable
  })
}

async function buildCli(place: string, log: (line: string) => void): Promise<string> {
  if ((await onPath('go')) === undefined) throw new Error('build: Go is not installed')
  return installInto(place, async (scratch) => {
    await runSlowly(
      'building the Temporal server with Go, once, which takes two to four minutes',
      'go',
      ['install', `github.com/temporalio/cli/cmd/temporal@${VERSION}`],
      log,
      { GOBIN: scratch },
    )
    return path.join(scratch, 'temporal')
  })
}
