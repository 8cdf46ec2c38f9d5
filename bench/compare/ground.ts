import type pg from 'pg'
import path from 'node:path'
import { openPool } from '../../postgres.ts'
import { compileProcesses } from '../../stack/compile.ts'
import { freePort } from '../../stack/ports.ts'
import { answering } from '../../test/harness/served.ts'
import type { Ended, Ground, Running } from './contestant.ts'
import { RULER } from './costs.ts'
import { STOCK, TABLES } from './participants.ts'
import { createParts, type Parts } from './parts.ts'

/**
 * An order's end is read from the clock before it is committed: one that is seen has others behind it that are
 * committed later. So long after its end, each order is looked for
 * again.
 */
const COMMITTED_WITHIN_MS = 500

/** The comment is for the count of statements: this one is the bench's. One at the beginning would not be kept. */
const ENDED = `
  SELECT /* ruler */ id, status AS outcome, (extract(epoch FROM ended_at) * 1000)::float8 AS "atMs"
    FROM orders WHERE ended_at > to_timestamp($1 / 1000.0) ORDER BY ended_at`

/** Has a contestant's tables made and filled. @returns the orders that have ended since the call before. */
export async function prepareDatabase({ database, stock }: Ground) {
  const pool = openPool(database.migrator, { max: 2, name: RULER, statementTimeoutMs: 30_000 })
  await pool.query(TABLES)
  await pool.query(STOCK, [JSON.stringify(stock)])
  return { ended: readEnded(pool), close: () => pool.end() }
}

function readEnded(pool: pg.Pool): () => Promise<Ended[]> {
  const seen = new Set<string>()
  let latestMs = 0
  return async () => {
    const { rows } = await pool.query<Ended>({
      name: 'ended',
      text: ENDED,
      values: [latestMs - COMMITTED_WITHIN_MS],
    })
    const fresh = rows.filter(({ id }) => !seen.has(id))
    for (const { id, atMs } of fresh) {
      seen.add(id)
      latestMs = Math.max(latestMs, atMs)
    }
    return fresh
  }
}

/** The outside world of one contestant, in a process of its own. @returns its URL. */
export async function runSandbox(parts: Parts, { folder }: Ground): Promise<string> {
  const [compiled, port] = await Promise.all([compileProcesses(), freePort()])
  parts.run(
    'sandbox',
    path.join(compiled, 'sandbox/server.js'),
    {},
    {
      SANDBOX: 'on',
      SANDBOX_PORT: String(port),
      DATA_DIR: folder,
      LOG_LEVEL: 'warn',
    },
  )
  await answering(`http://127.0.0.1:${port}/livez`)
  return `http://127.0.0.1:${port}`
}

/** What a contestant with a database works on. */
export interface Prepared {
  parts: Parts
  sandboxUrl: string
}

/**
 * Starts a contestant that has a database: the tables and the sandbox here, and all else in `start`.
 * @param carriesOut whether a part of this name carries out orders: a crash is of those.
 */
export async function runOnDatabase(
  ground: Ground,
  carriesOut: (name: string) => boolean,
  start: (prepared: Prepared) => Promise<{ url: string }>,
): Promise<Running> {
  const parts = createParts(ground.folder)
  const database = await prepareDatabase(ground)
  const stop = async () => {
    await parts.stop()
    await database.close()
  }
  try {
    const sandboxUrl = await runSandbox(parts, ground)
    const { url } = await start({ parts, sandboxUrl })
    await answering(`${url}/livez`)
    return {
      url,
      sandboxUrl,
      parts: parts.list,
      ended: database.ended,
      crash: () => parts.crash(carriesOut),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
