import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { openPool, openSession } from '../../postgres.ts'
import { openDatabase } from '../../prisma/client.ts'
import { migrate } from '../../prisma/migrate.ts'
import { freePort } from '../../stack/ports.ts'
import { startPostgres } from '../../stack/postgres.ts'
import { provideDatabase } from '../../stack/postgres-database.ts'
import { generateSagas } from './generate.ts'
import { writeShapes } from './shapes.ts'

/** As in `npm start`; but what a size takes is not written out every few seconds while it is generated. */
const SETTINGS = ['max_wal_size=8GB', 'checkpoint_timeout=15min']

/** From one saga to the next: the same load at every size, only for longer. */
const EVERY_SECONDS = 10

const SHAPES = 'shapes'

/** A PostgreSQL server of its own, with a database for each size; its data goes when it stops. */
export async function startServer(sizes: readonly number[], log: (line: string) => void) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-growth-'))
  const postgres = await startPostgres({
    dataDir: path.join(folder, 'postgres'),
    database: SHAPES,
    port: await freePort(),
    settings: SETTINGS,
    log,
  })
  const stop = async () => {
    await postgres.stop({ remove: true })
    await rm(folder, { recursive: true, force: true })
  }
  const on = (url: string, database: string) => Object.assign(new URL(url), { pathname: `/${database}` }).href
  try {
    const { migrator, application, admin } = postgres.urls
    await migrate(migrator, { applicationUrl: application })
    const db = openDatabase(application, 2)
    const shapes = await writeShapes(db, application)
    await db.$disconnect()
    for (const size of sizes) {
      const name = `growth_${size}`
      await provideDatabase(on(admin, 'postgres'), name, SHAPES)
      const pool = openPool(on(admin, name), { max: 1, name: 'growth', statementTimeoutMs: 0 })
      const beganAt = performance.now()
      await generateSagas(pool, shapes, size, EVERY_SECONDS, log)
      await pool.end()
      log(`${size} sagas, in ${Math.round((performance.now() - beganAt) / 1000)} s`)
    }
    return {
      folder,
      urlOf: (size: number) => on(application, `growth_${size}`),
      /** Takes dead rows away: what was rolled back leaves some. */
      async vacuum(size: number): Promise<void> {
        const session = openSession(on(admin, `growth_${size}`), { name: 'growth', statementTimeoutMs: 0 })
        await session.connect()
        await session.query('VACUUM')
        await session.end()
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
