import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { cpuMsOf, cpuMsOfFamily, memoryOfFamily } from '../instruments/processes.ts'
import type { Running } from './contestant.ts'
import type { Servers } from './servers.ts'

/** What sessions of the bench are called: their work is not the contestant's. */
export const RULER = 'ruler'

/** What has been used since the start of the servers. */
interface Used {
  /** Milliseconds of each part. */
  cpuMs: Readonly<Record<string, number>>
  /** Statements and transactions that wrote or read the contestant's own databases, without those of the bench. */
  statements: number
  commits: number
  walBytes: number
}

/** What one order has cost, on average. */
export type Cost = Used & { cpuMsInAll: number }

export interface Meter {
  /** @returns what divides the use since now among so many orders. */
  start(): Promise<(orders: number) => Promise<Cost>>
  /** MiB of each part. */
  memory(): Record<string, number>
  /** Bytes in all databases and files. */
  disk(): Promise<number>
  close(): Promise<void>
}

export async function openMeter(servers: Servers, running: Running): Promise<Meter> {
  const database = new pg.Client({
    connectionString: servers.ground.database.admin,
    application_name: RULER,
  })
  await database.connect()
  await database.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements')
  const histories =
    servers.historiesUrl === undefined ? undefined : new pg.Client({ connectionString: servers.historiesUrl })
  await histories?.connect()

  const parts = () => [...servers.parts, ...running.parts()]
  const use = async (): Promise<Used> => {
    const { rows } = await database.query<{
      statements: string
      commits: string
      wal: string
      backends: number[]
    }>(USED)
    const [row] = rows
    const cpuMs = byName((pid) => cpuMsOfFamily(pid))
    const own = (row?.backends ?? []).reduce((sum, pid) => sum + cpuMsOf(pid), 0)
    return {
      cpuMs: { ...cpuMs, PostgreSQL: (cpuMs['PostgreSQL'] ?? 0) - own },
      statements: Number(row?.statements),
      commits: Number(row?.commits),
      walBytes: Number(row?.wal),
    }
  }
  /** Workers of the same kind are one part. */
  const byName = (of: (pid: number) => number) => {
    const sums: Record<string, number> = {}
    for (const { name, pid } of parts()) {
      const kind = name.replace(/-\d+$/, '')
      sums[kind] = (sums[kind] ?? 0) + of(pid)
    }
    return sums
  }

  return {
    async start() {
      const before = await use()
      return async (orders) => {
        const after = await use()
        const each = (of: (used: Used) => number) => (of(after) - of(before)) / orders
        const cpuMs = Object.fromEntries(
          Object.keys(after.cpuMs).map((name) => [name, each((used) => used.cpuMs[name] ?? 0)]),
        )
        return {
          cpuMs,
          cpuMsInAll: Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0),
          statements: each(({ statements }) => statements),
          commits: each(({ commits }) => commits),
          walBytes: each(({ walBytes }) => walBytes),
        }
      }
    },
    memory: () => byName((pid) => memoryOfFamily(pid)),
    async disk() {
      const sizes = await Promise.all(
        [database, histories].map(async (client) => {
          const size = await client?.query<{ bytes: string }>(
            'SELECT /* ruler */ sum(pg_database_size(oid)) AS bytes FROM pg_database',
          )
          return Number(size?.rows[0]?.bytes ?? 0)
        }),
      )
      return sizes.reduce((sum, bytes) => sum + bytes, await bytesIn(servers.ground.folder))
    },
    async close() {
      await database.end()
      await histories?.end()
    },
  }
}

/**
 * Backends that are idle have reported what they did; one reports at most once a second while it works. Commits of the
 * bench itself are its statements: each is a transaction.
 */
const USED = `
  WITH called AS MATERIALIZED (
    SELECT sum(calls) FILTER (WHERE query NOT LIKE '%/* ruler */%') AS statements,
           sum(calls) FILTER (WHERE query LIKE '%/* ruler */%') AS ruler
      FROM pg_stat_statements)
  SELECT statements, (SELECT sum(xact_commit) FROM pg_stat_database) - coalesce(ruler, 0) AS commits,
         pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal,
         (SELECT array_agg(pid) FROM pg_stat_activity WHERE application_name = '${RULER}') AS backends
    FROM called /* ruler */`

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    // A file of a database may be gone by now.
    const { size } = await stat(path.join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))
    bytes += size
  }
  return bytes
}
