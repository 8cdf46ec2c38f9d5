import { existsSync } from 'node:fs'
import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tableFile } from '../../prisma/backup/manifest.ts'
import { openDatabase } from '../../prisma/client.ts'
import { applyMigrations, migrate } from '../../prisma/migrate.ts'
import { readMigrations } from '../../prisma/migrations.ts'
import { RELEASE } from '../../prisma/release.ts'
import { isAlive } from '../../stack/pids.ts'
import { freePort, requireFreePort } from '../../stack/ports.ts'
import { startPostgres } from '../../stack/postgres.ts'
import { contentsOf, createBackups, forge, rowsOf, runCommand, type Backups } from '../harness/backups.ts'
import type { TestDatabase } from '../harness/database.ts'
import { until } from '../harness/poll.ts'
import { createTestDatabase } from '../harness/start.ts'
import { ENDS, writeOrder } from '../harness/written-orders.ts'

let backups: Backups
let source: TestDatabase
beforeEach(async () => {
  backups = await createBackups()
  source = await createTestDatabase()
  for (const end of ENDS) await writeOrder(source.db, end)
})
afterEach(async () => {
  await source.close()
  await backups.close()
})

/** What a database is made of, but for its rows. */
const STRUCTURE = `
  SELECT 'relation ' || relname AS what, relkind::text || coalesce(relacl::text, '') AS how FROM pg_class
   WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT 'column ' || attrelid::regclass || '.' || attname, format_type(atttypid, atttypmod) || attnotnull
    FROM pg_attribute WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) AND attnum > 0
  UNION ALL SELECT 'constraint ' || conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) || convalidated
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
  UNION ALL SELECT 'trigger ' || tgname, tgenabled::text || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT 'function ' || oid::regprocedure, pg_get_functiondef(oid) FROM pg_proc
   WHERE pronamespace = 'public'::regnamespace
  ORDER BY what, how`

const structureOf = ({ admin }: TestDatabase) => admin.$queryRawUnsafe<{ what: string }[]>(STRUCTURE)

const tablesOf = async (database: TestDatabase) =>
  (await structureOf(database)).filter(({ what }) => what.startsWith('relation '))

describe('a backup', () => {
  it('restored into an empty database gives the same rows, sequences, tables, constraints, functions, triggers and grants', async () => {
    const first = await backups.take(source, 'first')
    const restored = await backups.emptyDatabase()
    await backups.restore(first, restored)
    const second = await backups.take(restored, 'second')
    const [before, after] = [await rowsOf(first), await rowsOf(second)]
    expect(before['orders']).toHaveLength(ENDS.length + 1)
    expect(before['events']?.length).toBeGreaterThan(ENDS.length * 2)
    expect({ ...after, saga_watches: [] }).toEqual({ ...before, saga_watches: [] })
    expect((await contentsOf(second)).sequences).toEqual((await contentsOf(first)).sequences)
    expect((await contentsOf(first)).sequences).toContainEqual(
      expect.objectContaining({ name: 'outbox_id_seq', isCalled: true }),
    )
    expect(await structureOf(restored)).toEqual(await structureOf(source))
    await writeOrder(restored.db, 'completed')
  })

  it('has every saga looked for at once that was watched, and leaves alone what was parked as an orphan', async () => {
    const [watched, left] = await source.db.saga.findMany({ take: 2 })
    const far = new Date(Date.now() + 3_600_000)
    await source.db.sagaWatch.createMany({
      data: [
        { sagaId: watched?.id ?? '', version: 1, checkAt: far, checks: 9, restarts: 5 },
        { sagaId: left?.id ?? '', version: 1, checkAt: null, checks: 9, restarts: 5 },
      ],
    })
    const restored = await backups.emptyDatabase()
    await backups.restore(await backups.take(source, 'one'), restored)
    const watches = await restored.db.sagaWatch.findMany()
    expect(watches.find(({ sagaId }) => sagaId === watched?.id)).toMatchObject({ checks: 0, restarts: 0 })
    expect(watches.find(({ sagaId }) => sagaId === watched?.id)?.checkAt?.getTime()).toBeLessThan(
      far.getTime(),
    )
    expect(watches.find(({ sagaId }) => sagaId === left?.id)).toMatchObject({ checkAt: null, restarts: 5 })
  })

  it('has rows of one moment, whatever is committed while it is written', async () => {
    const enough = new AbortController()
    const writing = (async () => {
      while (!enough.signal.aborted) await writeOrder(source.db, 'completed')
    })()
    const folders: string[] = []
    for (const name of ['one', 'two', 'three']) folders.push(await backups.take(source, name))
    enough.abort()
    await writing
    const counts = new Set<number>()
    for (const folder of folders) {
      const restored = await backups.emptyDatabase()
      await backups.restore(folder, restored)
      const orders = await restored.db.order.count()
      counts.add(orders)
      const torn = await restored.db.$queryRaw`
        SELECT s.id FROM sagas s LEFT JOIN (SELECT stream_id, max(version) AS newest, count(*) AS events FROM events GROUP BY 1) e
            ON e.stream_id = 'order-' || s.id
         WHERE e.newest IS DISTINCT FROM s.version OR e.events <> s.version`
      expect(torn).toEqual([])
      const [stock] = await restored.db.$queryRaw<unknown[]>`
        SELECT 1 FROM stock JOIN (SELECT sku, sum(quantity) FILTER (WHERE kind = 'sold') AS sold FROM stock_movements GROUP BY 1) m
         USING (sku) WHERE m.sold <> stock.sold`
      expect(stock).toBeUndefined()
      expect(await restored.db.orderLine.count()).toBe(orders)
    }
    expect(counts.size).toBeGreaterThan(1)
  })

  it('of fewer migrations is restored as it was, and brought forward', async () => {
    const older = await backups.emptyDatabase()
    const migrations = await readMigrations()
    const owner = new pg.Client({ connectionString: older.migratorUrl })
    await owner.connect()
    await applyMigrations(owner, migrations.slice(0, -1))
    await owner.query(
      `INSERT INTO database_release (release, checksums) VALUES (1, '{}'); INSERT INTO streams VALUES ('order-1', 1)`,
    )
    await owner.end()
    const folder = await backups.take(older, 'older')
    expect((await contentsOf(folder)).migrations).toHaveLength(migrations.length - 1)
    const restored = await backups.emptyDatabase()
    const { migrated } = await backups.restore(folder, restored)
    expect(migrated).toMatchObject({ release: RELEASE, migrations: [migrations.at(-1)?.name] })
    expect(await restored.db.$queryRaw`SELECT id FROM streams`).toEqual([{ id: 'order-1' }])
    expect(await structureOf(restored)).toEqual(await structureOf(source))
  })

  it('knows every kind of thing that the database keeps data in', async () => {
    // Another kind needs a decision first: docs/adr/0044-a-backup-is-a-folder-of-copies.md.
    const kinds = await source.admin.$queryRaw`
      SELECT DISTINCT relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1`
    expect(kinds).toEqual([{ relkind: 'S' }, { relkind: 'i' }, { relkind: 'r' }])
    expect(
      await source.admin.$queryRaw`SELECT 1 FROM pg_inherits UNION ALL SELECT 1 FROM pg_largeobject_metadata`,
    ).toEqual([])
    const schemas = await source.admin.$queryRaw`
      SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`
    expect(schemas).toEqual([{ nspname: 'public' }])
  })
})

describe('a restore is refused, and the database stays empty,', () => {
  it.each<[string, RegExp, (folder: string) => Promise<unknown>]>([
    [
      'when a byte of a table is another',
      /events\.copy\.gz is damaged/,
      async (folder) => {
        const file = tableFile(folder, 'events')
        const bytes = await readFile(file)
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
        await writeFile(file, bytes)
      },
    ],
    [
      'when the end of a table is missing',
      /stock\.copy\.gz is damaged/,
      async (folder) => {
        const file = tableFile(folder, 'stock')
        await writeFile(file, (await readFile(file)).subarray(0, -9))
      },
    ],
    [
      'when a table is missing',
      /orders\.copy\.gz cannot be read/,
      (folder) => rm(tableFile(folder, 'orders')),
    ],
    [
      'when the manifest says something else than when it was written',
      /manifest\.json is damaged/,
      async (folder) => {
        const file = path.join(folder, 'manifest.json')
        await writeFile(file, (await readFile(file, 'utf8')).replace(/"value": \d/, '"value": 9'))
      },
    ],
    [
      'when the manifest is no JSON',
      /manifest\.json is damaged/,
      (folder) => writeFile(path.join(folder, 'manifest.json'), '{'),
    ],
    ['when there is no manifest', /is no backup/, (folder) => rm(path.join(folder, 'manifest.json'))],
    [
      'when a later version has another format',
      /format 2, and this version reads up to 1/,
      (folder) => forge(folder, {}, 2),
    ],
    [
      'when its release is newer',
      /of release 1000, which is newer than/,
      (folder) => forge(folder, { release: 1000 }),
    ],
    [
      'when it has a migration that this code does not have',
      /another line of development/,
      async (folder) => {
        const { migrations } = await contentsOf(folder)
        await forge(folder, { migrations: [...migrations, { name: 'x', checksum: '0'.repeat(64) }] })
      },
    ],
    [
      'when a row is of an order that is not there',
      /violates foreign key constraint/,
      async (folder) => {
        const { tables } = await contentsOf(folder)
        await forge(folder, { tables: tables.filter(({ name }) => name !== 'sagas') })
      },
    ],
    [
      'when a table has fewer rows than it had',
      /products has \d+ rows instead of 1000/,
      async (folder) => {
        const { tables } = await contentsOf(folder)
        await forge(folder, {
          tables: tables.map((table) => (table.name === 'products' ? { ...table, rows: 1000 } : table)),
        })
      },
    ],
  ])('%s', async (_when, message, damage) => {
    const folder = await backups.take(source, 'one')
    await damage(folder)
    const target = await backups.emptyDatabase()
    await expect(backups.restore(folder, target)).rejects.toThrow(message)
    expect(await tablesOf(target)).toEqual([])
  })
})

it('a restore into a database that has tables is refused, and changes nothing', async () => {
  const folder = await backups.take(source, 'one')
  await writeOrder(source.db, 'completed')
  await expect(backups.restore(folder, source)).rejects.toThrow(/is not empty: it has \d+ tables/)
  expect(await source.db.order.count()).toBe(ENDS.length + 1)
  const foreign = await backups.emptyDatabase()
  await foreign.admin.$executeRaw`CREATE TABLE theirs (id integer)`
  await expect(backups.restore(folder, foreign)).rejects.toThrow(
    /is not empty: it has 1 tables, such as theirs/,
  )
})

it('a second backup of the same name is refused, and the first stays as it is', async () => {
  const folder = await backups.take(source, 'one')
  const before = await rowsOf(folder)
  await writeOrder(source.db, 'completed')
  await expect(backups.take(source, 'one')).rejects.toThrow(/one is there already: name a folder/)
  expect(await rowsOf(folder)).toEqual(before)
})

it('a restore that is killed in the middle leaves an empty database, and the next one works', async () => {
  const folder = await backups.take(source, 'one')
  const target = await backups.emptyDatabase()
  const release = await holdForeignKeys(target)
  const { child, ended } = runCommand('restore', folder, target)
  await until('the restore to have loaded all rows', async () => ((await isHeld(target)) ? true : undefined))
  child.kill('SIGKILL')
  await ended()
  await release()
  await until('PostgreSQL to have ended the session', async () =>
    (await sessions(target)) === 0 ? true : undefined,
  )
  expect(await tablesOf(target)).toEqual([])
  await backups.restore(folder, target)
  expect(await target.db.order.count()).toBe(ENDS.length)
})

const HELD = 4711

/** Whoever makes a foreign key in the database waits, from now on, until the answer is called. */
async function holdForeignKeys({ admin, adminUrl }: TestDatabase): Promise<() => Promise<void>> {
  const holder = new pg.Client({ connectionString: adminUrl })
  await holder.connect()
  await holder.query('SELECT pg_advisory_lock($1)', [HELD])
  await admin.$executeRaw`CREATE SCHEMA held`
  await admin.$executeRawUnsafe(
    `CREATE FUNCTION held.wait() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
       IF current_query() ~ '^ALTER TABLE \\S+ ADD CONSTRAINT .*FOREIGN KEY' THEN PERFORM pg_advisory_lock_shared(${HELD}); END IF;
     END $$`,
  )
  await admin.$executeRawUnsafe(
    `CREATE EVENT TRIGGER hold ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION held.wait()`,
  )
  return async () => {
    await holder.end()
    await admin.$executeRaw`DROP EVENT TRIGGER hold`
  }
}

async function isHeld({ admin }: TestDatabase): Promise<boolean> {
  const [row] = await admin.$queryRaw<{ held: boolean }[]>`
    SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = ${HELD}::oid AND NOT granted) AS held`
  return row?.held === true
}

async function sessions({ admin }: TestDatabase): Promise<number> {
  const rows = await admin.$queryRaw<unknown[]>`
    SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ordersaga-migrate'`
  return rows.length
}

describe('the commands', () => {
  it('say what they did, in any time zone and with spaces in the path; the backup is for its owner alone', async () => {
    const folder = backups.folderOf('of monday')
    const made = await runCommand('backup', folder, source, { env: { TZ: 'Asia/Kolkata' } }).ended()
    expect(made).toMatchObject({
      code: 0,
      lines: [expect.stringMatching(/of monday holds \d+ rows of \d+ tables/)],
    })
    const modes = await Promise.all(
      [folder, ...(await readdir(folder)).map((name) => path.join(folder, name))].map(
        async (file) => (await stat(file)).mode & 0o777,
      ),
    )
    expect([modes[0], ...new Set(modes.slice(1))]).toEqual([0o700, 0o600])
    const target = await backups.emptyDatabase()
    const restored = await runCommand('restore', folder, target, { env: { TZ: 'Asia/Kolkata' } }).ended()
    expect(restored).toMatchObject({
      code: 0,
      lines: [expect.stringMatching(/^The database is as of 20.*Z, at release \d+:/)],
    })
    const order = (database: TestDatabase) => database.db.saga.findMany({ orderBy: { id: 'asc' } })
    expect(await order(target)).toEqual(await order(source))
  })

  it.each([
    ['the disk is full', { prefix: 'ulimit -f 0;' }, /^No backup was written \(EFBIG.*\): make room/],
    ['the database does not answer', { env: {} }, /^MIGRATE_DATABASE_URL names a server that cannot be used/],
    [
      'the role does not own the tables',
      { env: { MIGRATE_DATABASE_URL: '' } },
      /^No backup was written \(permission denied.*\): name the role that owns/,
    ],
  ])('end with one line and leave nothing when %s', async (when, options, message) => {
    const folder = backups.folderOf('none')
    const away = `postgresql://ordersaga@127.0.0.1:${await freePort()}/ordersaga`
    const urls = when.includes('answer') ? { url: away, migratorUrl: away } : source
    const { code, lines } = await runCommand('backup', folder, urls, options).ended()
    expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringMatching(message)] })
    expect([existsSync(folder), existsSync(`${folder}.partial`)]).toEqual([false, false])
  })

  it('work without DATABASE_URL on the PostgreSQL of `npm start`, and leave it running or stopped as it was', async () => {
    const dataDir = backups.folderOf('data')
    const port = await freePort()
    const env = { DATABASE_URL: '', MIGRATE_DATABASE_URL: '', DATA_DIR: dataDir, POSTGRES_PORT: String(port) }
    const start = () =>
      startPostgres({
        dataDir: path.join(dataDir, 'postgres'),
        port,
        database: 'ordersaga',
        log: () => undefined,
      })
    const folder = backups.folderOf('of npm start')
    const server = await start()
    await migrate(server.urls.migrator, { applicationUrl: server.urls.application })
    expect(await runCommand('backup', folder, source, { env }).ended()).toMatchObject({ code: 0 })
    expect(isAlive(server.pid)).toBe(true)
    await server.stop({ remove: true })

    expect(await runCommand('restore', folder, source, { env }).ended()).toMatchObject({ code: 0 })
    await requireFreePort(port, 'POSTGRES_PORT')
    const again = await start()
    const db = openDatabase(again.urls.application, 1)
    expect(await db.product.count()).toBe(await source.db.product.count())
    await db.$disconnect()
    await again.stop({ remove: true })
  })

  it('that are stopped by Ctrl-C leave nothing, and say so', async () => {
    const blocker = new pg.Client({ connectionString: source.adminUrl })
    await blocker.connect()
    await blocker.query('BEGIN; LOCK TABLE stock IN ACCESS EXCLUSIVE MODE')
    const folder = backups.folderOf('none')
    const { child, ended } = runCommand('backup', folder, source)
    await until('the backup to be under way', () =>
      existsSync(tableFile(`${folder}.partial`, 'snapshots')) ? true : undefined,
    )
    child.kill('SIGINT')
    const { code, lines } = await ended()
    await blocker.end()
    expect({ code, lines }).toEqual({ code: 1, lines: ['Stopped by SIGINT: nothing was done.'] })
    expect([existsSync(folder), existsSync(`${folder}.partial`)]).toEqual([false, false])
  })
})
