import path from 'node:path'
import type { Config } from '../config.ts'
import { installFromArchive, installWithGo, locate, PLATFORM, versionOf, type Sums } from './locate.ts'
import { CACHE } from './places.ts'

/** The version of docker-compose.yml. */
const VERSION = 'v2.10.29'
const DOWNLOADS = 'https://github.com/nats-io/nats-server/releases/download'

/** As the Dockerfile of the official image has them, which has none for macOS: there it is built. */
const SUMS: Sums = {
  'linux-amd64': 'e314da74a83a1d3876db8814c27eb990fe729640fd6452025b441bcede8390da',
  'linux-arm64': 'da4b27942ecfb4c5f0c54553d2e7f470ddda9d7581cfe8131b351a0e223ed401',
}

/** From the checksum database of Go. */
const MODULE_SUM = 'h1:IJ8TrZaiMZUrPGavMvP7hNAE9lYnHTThuthpwlsdlbc='

/** Older ones acknowledge what is not on the disk yet, and have no setting for it. */
const works = (file: string) => {
  const [major = 0, minor = 0] = versionOf(file) ?? []
  return major > 2 || (major === 2 && minor >= 10)
}

/**
 * Finds the `nats-server` executable, or gets it: NATS_SERVER_PATH, the PATH, an earlier download or build, a download,
 * a build with Go.
 * @throws Error that names every way to get one.
 */
export function locateNatsServer(
  config: Pick<Config, 'NATS_SERVER_PATH'>,
  log: (line: string) => void,
  { downloads, cache, sums }: { downloads: string; cache: string; sums: Sums } = {
    downloads: DOWNLOADS,
    cache: CACHE,
    sums: SUMS,
  },
): Promise<string> {
  const cached = path.join(cache, `nats-server-${VERSION}`)
  const release = `nats-server-${VERSION}-${PLATFORM}`
  const archive = {
    url: `${downloads}/${VERSION}/${release}.tar.gz`,
    sha256: sums[PLATFORM],
    member: `${release}/nats-server`,
    title: 'the NATS server',
    works,
  }
  const source = {
    module: `github.com/nats-io/nats-server/v2@${VERSION}`,
    sum: MODULE_SUM,
    command: 'nats-server',
    title: 'building the NATS server with Go, once, which takes up to a minute',
  }
  return locate({
    command: 'nats-server',
    variable: { name: 'NATS_SERVER_PATH', value: config.NATS_SERVER_PATH },
    works,
    cached,
    ways: {
      download: () => installFromArchive(archive, cached, log),
      build: () => installWithGo(source, cached, log),
    },
    none: {
      title: 'No NATS server of version 2.10 or newer was found',
      advice:
        'Install nats-server and put it on the PATH, or set NATS_SERVER_PATH to it, or NATS_URL to a running server, ' +
        'or EVENT_TRANSPORT to postgres, or install Go.',
    },
  })
}
