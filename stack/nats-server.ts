import path from 'node:path'
import type { Config } from '../config.ts'
import { goArch, installFromArchive, installWithGo, locate, versionOf } from './locate.ts'
import { CACHE } from './places.ts'

const VERSION = 'v2.10.27'
const DOWNLOADS = 'https://github.com/nats-io/nats-server/releases/download'

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
  { downloads, cache }: { downloads: string; cache: string } = { downloads: DOWNLOADS, cache: CACHE },
): Promise<string> {
  const cached = path.join(cache, `nats-server-${VERSION}`)
  const release = `nats-server-${VERSION}-${process.platform}-${goArch}`
  const archive = {
    url: `${downloads}/${VERSION}/${release}.tar.gz`,
    member: `${release}/nats-server`,
    title: 'the NATS server',
    works,
  }
  const source = {
    module: `github.com/nats-io/nats-server/v2@${VERSION}`,
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
