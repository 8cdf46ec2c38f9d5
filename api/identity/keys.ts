import { createHash, timingSafeEqual } from 'node:crypto'
import { API_KEY, makeApiKey } from '../../api-key.ts'
import { DomainError } from '../../faults.ts'
import type { Database } from '../../prisma/client.ts'
import { createBriefCache } from './brief-cache.ts'
import type { Principal, Role } from './principal.ts'

/** What is told of a key. The key itself is shown once, to who makes it. */
export interface KeyRecord {
  id: string
  name: string
  roles: Role[]
  customerId: string | null
  createdAt: Date
  expiresAt: Date | null
  revokedAt: Date | null
  lastUsedAt: Date | null
}

export interface KeyWish {
  /** Of the client. A second living key of the same name and roles is there to take over from the first. */
  name: string
  roles: readonly Role[]
  customerId: string | null
  expiresAt: Date | null
}

/** A key that is valid now. */
export interface LivingKey {
  id: string
  hash: Uint8Array
  principal: Principal
}

/** The name of the key that the configuration has. */
const BOOTSTRAP = 'bootstrap'

/** A key that is looked up again: to know that it was revoked, and to make room for others. */
const KNOWN_FOR_MS = 2000

export const sha256 = (text: string): Uint8Array => createHash('sha256').update(text).digest()

/** Compared with where there is no key of that id, so that the answer takes as long. */
const NO_HASH = sha256('')

const SHOWN = {
  id: true,
  name: true,
  roles: true,
  customerId: true,
  createdAt: true,
  expiresAt: true,
  revokedAt: true,
  lastUsedAt: true,
} as const

export interface KeyOptions {
  db: Database
  /** `os_<id>_<secret>` of an administrator, from the configuration. */
  bootstrapKey?: string | undefined
  onTrouble: (what: string, error: unknown) => void
}

/** API keys: 32 random bytes, of which the database has the SHA-256. */
export function createKeys({ db, bootstrapKey, onTrouble }: KeyOptions) {
  const bootstrap = bootstrapKey === undefined ? undefined : bootstrapOf(bootstrapKey)
  const living = createBriefCache(KNOWN_FOR_MS, async (id: string): Promise<LivingKey | undefined> => {
    if (id === bootstrap?.id) return bootstrap
    // Expired by the clock that everybody shares.
    const [row] = await db.$queryRaw<StoredKey[]>`
      SELECT name, roles, customer_id AS "customerId", hash FROM api_keys
       WHERE id = ${id} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())`
    if (row === undefined) return undefined
    noteUse(id).catch((error: unknown) => onTrouble('the last use of a key was not noted', error))
    const { name, roles, customerId, hash } = row
    return { id, hash, principal: { subject: subjectOf(name), roles, customerId: customerId ?? undefined } }
  })
  const noteUse = (id: string) => db.$executeRaw`
    UPDATE api_keys SET last_used_at = now()
     WHERE id = ${id} AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`

  return {
    /** The living key that this text is, if it is one. */
    async check(text: string): Promise<LivingKey | undefined> {
      const id = API_KEY.exec(text)?.groups?.['id']
      const key = id === undefined ? undefined : await living.get(id)
      const isIt = timingSafeEqual(sha256(text), key?.hash ?? NO_HASH)
      return isIt ? key : undefined
    },

    /** Whether the key with this id is alive, and the one that was shown. */
    async find(id: string, hash: Uint8Array): Promise<LivingKey | undefined> {
      const key = await living.get(id)
      return key !== undefined && timingSafeEqual(key.hash, hash) ? key : undefined
    },

    /** Whether there is a key with which others can be made. */
    async hasAdmin(): Promise<boolean> {
      if (bootstrap !== undefined) return true
      const [found] = await db.$queryRaw<[{ exists: boolean }]>`
        SELECT EXISTS (SELECT FROM api_keys WHERE 'admin' = ANY (roles) AND revoked_at IS NULL
          AND (expires_at IS NULL OR expires_at > clock_timestamp()))`
      return found.exists
    },

    async list(): Promise<KeyRecord[]> {
      const rows = await db.apiKey.findMany({ select: SHOWN, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] })
      // A constraint of the table says which roles there are.
      return rows as KeyRecord[]
    },

    /**
     * @returns the key, for the only time.
     * @throws DomainError INVALID_KEY when it would be expired at once, KEY_NAME_TAKEN when the name is that of
     * another client: of a living key with other roles, or of a key of another customer, whose requests it could repeat.
     */
    async create({ name, roles, customerId, expiresAt }: KeyWish): Promise<KeyRecord & { key: string }> {
      const { id, key } = makeApiKey()
      if (name.toLowerCase() === BOOTSTRAP) throw nameTaken()
      const sorted = [...new Set(roles)].sort()
      const [made] = await db.$transaction(async (transaction) => {
        await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('api_keys'), hashtext(${name}))`
        const [{ isPast }] = await transaction.$queryRaw<[{ isPast: boolean }]>`
          SELECT coalesce(${expiresAt}::timestamptz <= clock_timestamp(), false) AS "isPast"`
        if (isPast) throw new DomainError('INVALID_KEY', 'It would be expired.', [['expiresAt']])
        return transaction.$queryRaw<KeyRecord[]>`
          INSERT INTO api_keys (id, name, roles, customer_id, hash, created_at, expires_at)
          SELECT ${id}, ${name}, ${sorted}::text[], ${customerId}, ${sha256(key)}, clock_timestamp(), ${expiresAt}::timestamptz
           WHERE NOT EXISTS (SELECT FROM api_keys WHERE name = ${name} AND (customer_id IS DISTINCT FROM ${customerId}
             OR (roles <> ${sorted}::text[] AND revoked_at IS NULL
               AND (expires_at IS NULL OR expires_at > clock_timestamp()))))
          RETURNING id, name, roles, customer_id AS "customerId", created_at AS "createdAt", expires_at AS "expiresAt",
            revoked_at AS "revokedAt", last_used_at AS "lastUsedAt"`
      })
      if (made === undefined) throw nameTaken()
      return { ...made, key }
    },

    /** For good; once more does nothing. False when there is no such key. Every process knows it within seconds. */
    async revoke(id: string): Promise<boolean> {
      const found = await db.$executeRaw`
        UPDATE api_keys SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE id = ${id}`
      living.forget(id)
      return found === 1
    },
  }
}

export type Keys = ReturnType<typeof createKeys>

type StoredKey = Pick<KeyRecord, 'name' | 'roles' | 'customerId'> & { hash: Uint8Array }

const subjectOf = (name: string) => `key:${name}`

function bootstrapOf(text: string): LivingKey {
  const id = API_KEY.exec(text)?.groups?.['id']
  if (id === undefined) throw new Error('BOOTSTRAP_ADMIN_KEY is not of the form os_<id>_<secret>')
  return { id, hash: sha256(text), principal: { subject: subjectOf(BOOTSTRAP), roles: ['admin'] } }
}

const nameTaken = () =>
  new DomainError(
    'KEY_NAME_TAKEN',
    'This is the name of another client: with other roles, or another customer.',
  )
