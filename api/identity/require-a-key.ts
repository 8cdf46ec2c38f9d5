import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { isDatabaseTrouble } from '../../faults.ts'
import { describeError } from '../../logger.ts'
import { UNUSABLE } from '../../supervision.ts'
import type { Keys } from './keys.ts'

const PAUSE_MS = 1000

export interface Settings {
  /** What is wrong with them. */
  fault: string | undefined
  /** Whether requests can be served without a key. */
  isWithoutKeys: boolean
}

/**
 * Ends the process when nobody could be served by it. Does not wait for a database that is away, where the keys are: it
 * is asked until it answers.
 */
export async function requireKey({ fault, isWithoutKeys }: Settings, keys: Keys, log: Logger): Promise<void> {
  if (fault !== undefined) end(log, fault)
  if (isWithoutKeys) return
  const look = () =>
    keys.hasAdmin().catch((error: unknown) => {
      if (!isDatabaseTrouble(error)) throw error
      log.warn({ error: describeError(error) }, 'whether there are keys is unknown, asking again')
      return undefined
    })
  const found = await look()
  if (found === false) end(log, NOBODY)
  if (found === undefined) void askAgain(look, log)
}

async function askAgain(look: () => Promise<boolean | undefined>, log: Logger): Promise<void> {
  for (;;) {
    await sleep(PAUSE_MS, undefined, { ref: false })
    const found = await look()
    if (found === false) end(log, NOBODY)
    if (found === true) return
  }
}

function end(log: Logger, why: string): never {
  log.fatal(why)
  process.exit(UNUSABLE)
}

const NOBODY =
  'Nobody could use this API: another machine may reach it, or AUTH, NODE_ENV=production, TRUST_PROXY or ALLOWED_HOSTS ' +
  'is set, and it knows no key and no issuer of tokens. Set BOOTSTRAP_ADMIN_KEY to a key of your own making, e.g. ' +
  '"os_first_$(openssl rand -hex 32)", or AUTH_JWKS_URL (or AUTH_JWKS_FILE) with AUTH_ISSUER and AUTH_AUDIENCE.'
