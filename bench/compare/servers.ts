import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { readConfig } from '../../config.ts'
import { freePort } from '../../stack/ports.ts'
import { startPostgres } from '../../stack/postgres.ts'
import { locateTemporalCli } from '../../stack/temporal-cli.ts'
import { startTemporal } from '../../stack/temporal.ts'
import type { Ground, Part, TemporalKind } from './contestant.ts'
import { startTemporalOnPostgres } from './temporal-on-postgres.ts'

/** The servers of one turn. */
export interface Servers {
  ground: Ground
  parts: readonly Part[]
  /** The database of Temporal's histories, where they are in one. */
  historiesUrl: string | undefined
  stop(): Promise<void>
}

/** Every product is in stock for good, but one. */
const SPREAD_PRODUCTS = 200
const PLENTY = 1_000_000
export const HOT_SKU = 'BENCH-HOT'
export const LAST_SKU = 'BENCH-LAST'
export const LAST_UNITS = 100

/** The product of the nth order, where orders do not meet at one. */
export const spreadSku = (n: number): string => `BENCH-${String(n % SPREAD_PRODUCTS).padStart(3, '0')}`

const STOCK: Record<string, number> = {
  ...Object.fromEntries(Array.from({ length: SPREAD_PRODUCTS }, (_, n) => [spreadSku(n), PLENTY])),
  [HOT_SKU]: PLENTY,
  [LAST_SKU]: LAST_UNITS,
}

/** As it is under `npm start`, and with a count of all statements. */
const SETTINGS = ['shared_preload_libraries=pg_stat_statements', 'pg_stat_statements.track_planning=off']

export async function startServers(
  temporal: TemporalKind | undefined,
  log: (line: string) => void,
): Promise<Servers> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-compare-'))
  const started: { stop(): Promise<void> }[] = [
    { stop: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }) },
  ]
  const stop = async () => {
    for (const part of started.splice(0).reverse()) await part.stop()
  }
  try {
    const postgres = await startPostgres({
      dataDir: path.join(folder, 'postgres'),
      database: 'ordersaga',
      port: await freePort(),
      settings: SETTINGS,
      log,
    })
    started.push({ stop: () => postgres.stop({ remove: true }) })
    const histories = temporal === undefined ? undefined : await startHistories(temporal, folder, log)
    if (histories !== undefined) started.push(histories)
    const own = path.join(folder, 'own')
    await mkdir(own, { recursive: true })
    return {
      ground: {
        folder: own,
        database: postgres.urls,
        temporalAddress: histories?.address ?? '',
        stock: STOCK,
      },
      parts: [{ name: 'PostgreSQL', pid: postgres.pid }, ...(histories?.parts ?? [])],
      historiesUrl: histories?.adminUrl,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Histories {
  address: string
  parts: Part[]
  adminUrl?: string
  stop(): Promise<void>
}

async function startHistories(
  temporal: TemporalKind,
  folder: string,
  log: (line: string) => void,
): Promise<Histories> {
  if (temporal === 'postgres') {
    const server = await startTemporalOnPostgres(folder, log)
    return {
      ...server,
      parts: [
        { name: 'Temporal', pid: server.pid },
        { name: 'PostgreSQL of Temporal', pid: server.postgresPid },
      ],
    }
  }
  const server = await startTemporal({
    cli: await locateTemporalCli(readConfig(), log),
    port: await freePort(),
    namespace: 'default',
    dataDir: path.join(folder, 'own', 'temporal'),
  })
  return { ...server, parts: [{ name: 'Temporal', pid: server.pid }] }
}
