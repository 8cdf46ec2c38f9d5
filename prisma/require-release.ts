import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { isDatabaseTrouble, sqlStateOf } from '../faults.ts'
import { describeError } from '../logger.ts'
import { connectFirst, isPooler, openSession } from '../postgres.ts'
import { RELEASE } from './release.ts'

const PAUSE_MS = 1000

const UNDEFINED_TABLE = '42P01'

/**
 * Ends the process when the database has a lower release than this code needs. Does not wait for a database that is
 * away: the process starts, as it goes on when the database goes away later, and the database is asked until it
 * answers.
 */
export async function requireRelease(url: string, log: Logger): Promise<void> {
  const found = await readRelease(url).catch((error: unknown) => {
    endUnlessAway(error, log)
    log.warn({ error: describeError(error) }, 'the release of the database is unknown, asking again')
    return undefined
  })
  if (found === undefined) void askUntilAnswered(url, log)
  else endIfLower(found, log)
}

async function askUntilAnswered(url: string, log: Logger): Promise<void> {
  for (;;) {
    await sleep(PAUSE_MS, undefined, { ref: false })
    const found = await readRelease(url).catch((error: unknown) => endUnlessAway(error, log))
    if (found === undefined) continue
    endIfLower(found, log)
    log.info({ release: found }, 'the database has the release that is needed')
    return
  }
}

/** A database that answers and refuses (another password, no right to read, a pooler) refuses the next time, too. */
function endUnlessAway(error: unknown, log: Logger): undefined {
  if (isDatabaseTrouble(error) && !isPooler(error)) return undefined
  log.fatal(
    { error: describeError(error) },
    isPooler(error)
      ? (error as Error).message
      : 'the release of the database cannot be read: look at DATABASE_URL',
  )
  process.exit(1)
}

function endIfLower(found: number, log: Logger): void {
  if (found >= RELEASE) return
  log.fatal(
    { found, needed: RELEASE },
    'the database has a lower release than this code needs: run the migrator (npm start does; else node --import tsx cli/migrate.ts)',
  )
  process.exit(1)
}

/** 0 for a database that was never migrated. */
async function readRelease(url: string): Promise<number> {
  const client = openSession(url, { name: 'ordersaga-release' })
  client.on('error', () => undefined)
  try {
    await connectFirst(client)
    const { rows } = await client.query<{ release: number }>('SELECT release FROM database_release')
    return rows[0]?.release ?? 0
  } catch (error) {
    if (sqlStateOf(error) === UNDEFINED_TABLE) return 0
    throw error
  } finally {
    await client.end().catch(() => undefined)
  }
}
