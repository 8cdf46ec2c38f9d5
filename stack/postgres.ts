import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync } from 'node:fs'
import { chown, lchown, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSession } from '../postgres.ts'
import { guard } from './guard.ts'
import { keepSmall, openLog } from './log-file.ts'
import {
  keepPasswords,
  makePasswords,
  readPasswords,
  ROLES,
  scramVerifier,
  writePrivately,
  type Passwords,
  type Role,
} from './passwords.ts'
import { commandOf, isAlive, stopPid } from './pids.ts'
import { reachableFolder } from './places.ts'
import { portTaken, requireFreePort } from './ports.ts'
import { identity, reachableBinaries, serverUser, type Binaries, type Owner } from './postgres-binaries.ts'
import { handOver, provideDatabase, provideRoles } from './postgres-database.ts'

/** Connections are dropped, work in hand is rolled back, data is flushed. */
const FAST_SHUTDOWN = ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const

export interface Postgres {
  /** The URL of its database, for each role. */
  urls: Readonly<Record<Role, string>>
  /** Stops the server, and with `remove` deletes its data. */
  stop(options?: { remove: boolean }): Promise<void>
  /** The postmaster's process id. */
  readonly pid: number
}

export interface PostgresOptions {
  /** Kept between runs; created when missing. `admin-url` in it holds the superuser's URL. */
  dataDir: string
  /** Created when missing, as the migrator's. */
  database: string
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
  const passwords = await provideCluster(binaries, dataDir, owner)
  const leftOver = await findRunning(dataDir, passwords)
  if (leftOver !== undefined)
    options.log(`taking over the PostgreSQL that a killed run left behind (pid ${leftOver.pid})`)
  const server = leftOver ?? (await launch(binaries, dataDir, owner, passwords, options))
  const urls = urlsOn(server.port, passwords, options.database)
  const maintenanceUrl = urlOn(server.port, 'admin', passwords, 'postgres')
  await provideRoles(maintenanceUrl, passwords)
  await provideDatabase(maintenanceUrl, options.database)
  await handOver(urls.admin)
  const adminUrlFile = path.join(options.dataDir, 'admin-url')
  await writePrivately(adminUrlFile, `${urls.admin}\n`)
  return {
    urls,
    pid: server.pid,
    async stop({ remove } = { remove: false }) {
      await stopPid(server.pid, FAST_SHUTDOWN)
      if (!remove) return
      await rm(dataDir, { recursive: true, force: true })
      await rm(adminUrlFile, { force: true })
    },
  }
}

/** The URLs of the server that runs on this data already. It is not touched: a system may be working on it. */
export async function findPostgres({
  dataDir,
  database,
}: Pick<PostgresOptions, 'dataDir' | 'database'>): Promise<Postgres['urls'] | undefined> {
  for (const folder of [dataDir, elsewhere(dataDir)]) {
    const passwords = await readPasswords(folder)
    if (passwords === undefined) continue
    const running = await findRunning(folder, passwords)
    if (running !== undefined) return urlsOn(running.port, passwords, database)
  }
  return undefined
}

const urlsOn = (port: number, passwords: Passwords, database: string): Postgres['urls'] => ({
  admin: urlOn(port, 'admin', passwords, database),
  migrator: urlOn(port, 'migrator', passwords, database),
  application: urlOn(port, 'application', passwords, database),
})

const urlOn = (port: number, role: Role, passwords: Passwords, database: string) =>
  `postgresql://${ROLES[role]}:${passwords[role]}@127.0.0.1:${port}/${database}`

async function reachableDataDir(wanted: string, owner: Owner | undefined): Promise<string> {
  await makePrivateFolder(wanted)
  if (owner === undefined) return wanted
  const isReachable = async (folder: string) => {
    await chownTree(folder, owner)
    return spawnSync('test', ['-w', folder], identity(owner)).status === 0
  }
  if (await isReachable(wanted)) return wanted
  const other = elsewhere(wanted)
  await makePrivateFolder(other)
  if (await isReachable(other)) return other
  throw new Error(`The user postgres can reach neither ${wanted} nor ${other}: set DATA_DIR or DATABASE_URL.`)
}

/** Where the data is when the user postgres cannot reach its folder. */
const elsewhere = (wanted: string) => reachableFolder(`data ${wanted}`)

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

const clusterIn = (dataDir: string) => path.join(dataDir, 'cluster')

/**
 * Makes the cluster unless it exists. One whose passwords are not known, which an earlier version made or which has
 * lost them, gets new ones.
 */
async function provideCluster(
  binaries: Binaries,
  dataDir: string,
  owner: Owner | undefined,
): Promise<Passwords> {
  const isMade = existsSync(path.join(clusterIn(dataDir), 'PG_VERSION'))
  const known = isMade ? await readPasswords(dataDir) : undefined
  if (known !== undefined) return known
  const passwords = makePasswords()
  if (isMade) await resetPassword(binaries, dataDir, owner, passwords)
  else await initialise(binaries, dataDir, owner, passwords)
  await keepPasswords(dataDir, passwords)
  return passwords
}

/** Makes the cluster beside its place and moves it there, so that a killed run leaves no half of one. */
async function initialise(
  binaries: Binaries,
  dataDir: string,
  owner: Owner | undefined,
  passwords: Passwords,
): Promise<void> {
  const cluster = clusterIn(dataDir)
  const fresh = path.join(dataDir, 'cluster.new')
  const passwordFile = path.join(dataDir, 'password')
  await rm(fresh, { recursive: true, force: true })
  await writePrivately(passwordFile, passwords.admin)
  if (owner !== undefined) await chown(passwordFile, owner.uid, owner.gid)
  const made = spawnSync(
    binaries.initdb,
    [
      '-D',
      fresh,
      '-U',
      ROLES.admin,
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      '--locale=C',
      // Not the zone of the machine.
      '--set=timezone=UTC',
      '--no-sync',
    ],
    { ...identity(owner), encoding: 'utf8', cwd: dataDir },
  )
  await rm(passwordFile)
  if (made.status !== 0)
    throw new Error(`PostgreSQL could not make its data folder in ${dataDir}: ${made.stderr}`)
  await rm(cluster, { recursive: true, force: true })
  await rename(fresh, cluster)
}

/** Without the old password, and before anything can connect: PostgreSQL's single-user mode asks for none. */
async function resetPassword(
  binaries: Binaries,
  dataDir: string,
  owner: Owner | undefined,
  passwords: Passwords,
): Promise<void> {
  const leftOver = await findPostmaster(dataDir)
  if (leftOver !== undefined) await stopPid(leftOver.pid, FAST_SHUTDOWN)
  const { status, stderr } = spawnSync(
    binaries.postgres,
    ['--single', '-D', clusterIn(dataDir), 'postgres'],
    {
      ...identity(owner),
      cwd: dataDir,
      encoding: 'utf8',
      input: `ALTER ROLE ${ROLES.admin} PASSWORD '${scramVerifier(passwords.admin)}'\n`,
    },
  )
  // A statement that fails does not end it with another status.
  if (status !== 0 || /(ERROR|FATAL|PANIC): /.test(stderr))
    throw new Error(
      `PostgreSQL could not give its role ${ROLES.admin} in ${dataDir} a new password: ${stderr}`,
    )
  // Earlier versions left one behind.
  await rm(path.join(dataDir, 'password'), { force: true })
}

interface Server {
  pid: number
  port: number
}

/** The postmaster that still serves this data folder, from its lock file: pid, …, port on the fourth line. */
async function findPostmaster(dataDir: string): Promise<Server | undefined> {
  const cluster = clusterIn(dataDir)
  const file = path.join(cluster, 'postmaster.pid')
  const lock = await readFile(file, 'utf8').catch(() => '')
  const [pid, , , port] = lock.split('\n').map(Number)
  if (pid === undefined || port === undefined || !isAlive(pid)) return undefined
  if (commandOf(pid).includes(cluster)) return { pid, port }
  // The machine went down, and gave the number to another process since: PostgreSQL would wait for that one.
  await rm(file)
  return undefined
}

async function findRunning(dataDir: string, passwords: Passwords): Promise<Server | undefined> {
  const found = await findPostmaster(dataDir)
  return found !== undefined && (await answers(found.port, passwords)) ? found : undefined
}

async function launch(
  binaries: Binaries,
  dataDir: string,
  owner: Owner | undefined,
  passwords: Passwords,
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
  const log = openLog(logFile)
  const child = spawn(
    binaries.postgres,
    ['-D', clusterIn(dataDir), '-p', String(options.port), ...settings.flatMap((setting) => ['-c', setting])],
    // Its own process group: Ctrl-C reaches the supervisor alone, which stops the server last.
    { ...identity(owner), cwd: dataDir, stdio: ['ignore', log, log], detached: true },
  )
  closeSync(log)
  child.unref()
  guard(child, FAST_SHUTDOWN[0])
  keepSmall(logFile, child)
  for (
    let waitedMs = 0;
    waitedMs < 30_000 && child.exitCode === null && child.pid !== undefined;
    waitedMs += 50
  ) {
    if (await answers(options.port, passwords)) return { pid: child.pid, port: options.port }
    await sleep(50)
  }
  await giveUp(child)
  const tail = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-5).join('\n')
  throw tail.includes('Address already in use')
    ? portTaken(options.port, 'POSTGRES_PORT')
    : new Error(`PostgreSQL did not start:\n${tail}`)
}

async function giveUp(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.pid !== undefined) await stopPid(child.pid, FAST_SHUTDOWN)
}

/** Whether this cluster answers there: another one does not know the password. */
async function answers(port: number, passwords: Passwords): Promise<boolean> {
  const client = openSession(urlOn(port, 'admin', passwords, 'postgres'), { name: 'ordersaga-stack' })
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
