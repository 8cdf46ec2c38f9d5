import path from 'node:path'
import { migratorDatabaseUrl, type Config } from '../config.ts'
import { findPostgres, startPostgres } from './postgres.ts'
import { requirePostgres } from './postgres-database.ts'

/** The URLs of the database for the two roles that work on it. */
export interface DatabaseUrls {
  application: string
  migrator: string
}

/**
 * Runs `work` on the database of the configuration: the one that DATABASE_URL names, else that of `npm start`, whose
 * server is started for the time if it does not run.
 */
export async function withDatabase<T>(config: Config, work: (urls: DatabaseUrls) => Promise<T>): Promise<T> {
  const { DATABASE_URL } = config
  if (DATABASE_URL !== undefined) {
    const migrator = migratorDatabaseUrl(config)
    await requirePostgres(
      migrator,
      config.MIGRATE_DATABASE_URL === undefined ? 'DATABASE_URL' : 'MIGRATE_DATABASE_URL',
    )
    return work({ application: DATABASE_URL, migrator })
  }
  const place = { dataDir: path.resolve(config.DATA_DIR, 'postgres'), database: 'ordersaga' }
  const running = await findPostgres(place)
  if (running !== undefined) return work(running)
  const postgres = await startPostgres({ ...place, port: config.POSTGRES_PORT, log: () => undefined })
  try {
    return await work(postgres.urls)
  } finally {
    await postgres.stop()
  }
}
