import path from 'node:path'
import type { Config } from '../config.ts'
import { goArch, installFromArchive, installWithGo, locate, versionOf } from './locate.ts'
import { CACHE } from './places.ts'

/** The newest CLI that `go install` builds; its server is 1.29.1. */
const VERSION = 'v1.5.1'
const DOWNLOADS = 'https://temporal.download/cli/archive'

const works = (file: string) => versionOf(file) !== undefined

/**
 * Finds the `temporal` executable, or gets it: TEMPORAL_CLI_PATH, the PATH, an earlier download or build, a
 * download, a build with Go.
 * @throws Error that names every way to get one.
 */
export function locateTemporalCli(
  config: Pick<Config, 'TEMPORAL_CLI_PATH'>,
  log: (line: string) => void,
  { downloads, cache }: { downloads: string; cache: string } = { downloads: DOWNLOADS, cache: CACHE },
): Promise<string> {
  const cached = path.join(cache, `temporal-${VERSION}`)
  const archive = {
    url: `${downloads}/${VERSION}?platform=${process.platform}&arch=${goArch}`,
    member: 'temporal',
    title: 'the Temporal CLI',
    works,
  }
  const source = {
    module: `github.com/temporalio/cli/cmd/temporal@${VERSION}`,
    command: 'temporal',
    title: 'building the Temporal server with Go, once, which takes two to four minutes',
  }
  return locate({
    command: 'temporal',
    variable: { name: 'TEMPORAL_CLI_PATH', value: config.TEMPORAL_CLI_PATH },
    works,
    cached,
    ways: {
      download: () => installFromArchive(archive, cached, log),
      build: () => installWithGo(source, cached, log),
    },
    none: {
      title: 'No Temporal server was found',
      advice:
        'Install the Temporal CLI and put it on the PATH, or set TEMPORAL_CLI_PATH to it, or TEMPORAL_ADDRESS to a ' +
        'running server, or install Go.',
    },
  })
}
