import path from 'node:path'
import type { Config } from '../config.ts'
import { installFromArchive, installWithGo, locate, PLATFORM, versionOf, type Sums } from './locate.ts'
import { CACHE } from './places.ts'

/** The newest CLI that `go install` builds; its server is 1.29.1. */
const VERSION = '1.5.1'
const DOWNLOADS = 'https://github.com/temporalio/cli/releases/download'

const SUMS: Sums = {
  'darwin-amd64': 'bbb73e2a31135abe50a1f1cdb35030c42961df618e8ce9c60ae89f201540c5d9',
  'darwin-arm64': 'cca01b7ea35ad56e2a328d9ae596bf716bd22313ef63c7a761c88354457c2415',
  'linux-amd64': 'ddc95e08b0b076efd4ea9733a3f488eb7d2be875f8834e616cd2a37358b4852d',
  'linux-arm64': 'bd1b0db9f18b051026de8bf6cc1505f2510f14bbb7a8b9a4a91fff46c77454f5',
}

/** From the checksum database of Go. */
const MODULE_SUM = 'h1:0RZMk14BWxz44Xg6ciDQvpfAMffoG3J7/K03ql80teY='

const works = (file: string) => versionOf(file) !== undefined

/**
 * Finds the `temporal` executable, or gets it: TEMPORAL_CLI_PATH, the PATH, an earlier download or build, a
 * download, a build with Go.
 * @throws Error that names every way to get one.
 */
export function locateTemporalCli(
  config: Pick<Config, 'TEMPORAL_CLI_PATH'>,
  log: (line: string) => void,
  { downloads, cache, sums }: { downloads: string; cache: string; sums: Sums } = {
    downloads: DOWNLOADS,
    cache: CACHE,
    sums: SUMS,
  },
): Promise<string> {
  const cached = path.join(cache, `temporal-v${VERSION}`)
  const archive = {
    url: `${downloads}/v${VERSION}/temporal_cli_${VERSION}_${PLATFORM.replace('-', '_')}.tar.gz`,
    sha256: sums[PLATFORM],
    member: 'temporal',
    title: 'the Temporal CLI',
    works,
  }
  const source = {
    module: `github.com/temporalio/cli/cmd/temporal@v${VERSION}`,
    sum: MODULE_SUM,
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
