import { randomBytes } from 'node:crypto'
import type { Database } from '../../prisma/client.ts'
import { createBriefCache } from './brief-cache.ts'
import { sha256, type Keys, type LivingKey } from './keys.ts'

/** A day's work. */
export const SESSION_HOURS = 12

const TOKEN_BYTES = 32
const SESSION_TOKEN = /^[A-Za-z0-9_-]{43}$/

const KNOWN_FOR_MS = 1000
const PURGE_MAX = 1000

/**
 * Consoles that are signed in: each is as good as the key it was opened with, for as long as that is. Its token is
 * random, and only its SHA-256 is stored.
 */
export function createSessions({ db, keys }: { db: Database; keys: Keys }) {
  const known = createBriefCache(KNOWN_FOR_MS, async (token: string) => {
    const [row] = await db.$queryRaw<{ keyId: string; keyHash: Uint8Array }[]>`
      SELECT key_id AS "keyId", key_hash AS "keyHash" FROM sessions
       WHERE hash = ${sha256(token)} AND expires_at > clock_timestamp()`
    return row
  })
  return {
    /** @returns its token. */
    async open({ id, hash }: LivingKey): Promise<string> {
      const token = randomBytes(TOKEN_BYTES).toString('base64url')
      await db.$executeRaw`
        INSERT INTO sessions (hash, key_id, key_hash, created_at, expires_at)
        VALUES (${sha256(token)}, ${id}, ${hash}, clock_timestamp(),
          clock_timestamp() + make_interval(hours => ${SESSION_HOURS}))`
      return token
    },
    /** The key of an open session. */
    async find(token: string): Promise<LivingKey | undefined> {
      if (!SESSION_TOKEN.test(token)) return undefined
      const session = await known.get(token)
      return session === undefined ? undefined : keys.find(session.keyId, session.keyHash)
    },
    async close(token: string): Promise<void> {
      await db.$executeRaw`DELETE FROM sessions WHERE hash = ${sha256(token)}`
      known.forget(token)
    },
    /** Takes away those that have had their time. */
    purge: (): Promise<number> => db.$executeRaw`
      DELETE FROM sessions WHERE hash IN (
        SELECT hash FROM sessions WHERE expires_at < now() ORDER BY expires_at LIMIT ${PURGE_MAX} FOR UPDATE SKIP LOCKED)`,
  }
}

export type Sessions = ReturnType<typeof createSessions>
