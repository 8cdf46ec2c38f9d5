import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'

/**
 * The roles of the embedded server. The migrator owns the tables, the application only works on their rows, and the
 * superuser is for operators.
 */
export const ROLES = {
  admin: 'ordersaga',
  migrator: 'ordersaga_migrator',
  application: 'ordersaga_app',
} as const

export type Role = keyof typeof ROLES

const schema = z.object({
  admin: z.string().min(1),
  migrator: z.string().min(1),
  application: z.string().min(1),
})

export type Passwords = z.infer<typeof schema>

const fileIn = (dataDir: string) => path.join(dataDir, 'passwords.json')

/** Undefined where they were never made, or cannot be read any more. */
export async function readPasswords(dataDir: string): Promise<Passwords | undefined> {
  const text = await readFile(fileIn(dataDir), 'utf8').catch(() => '')
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** They lie beside the cluster that knows them, so that both are kept, copied and deleted together. */
export const keepPasswords = (dataDir: string, passwords: Passwords): Promise<void> =>
  writePrivately(fileIn(dataDir), JSON.stringify(passwords))

export function makePasswords(): Passwords {
  const random = () => randomBytes(24).toString('base64url')
  return { admin: random(), migrator: random(), application: random() }
}

/** A file appears whole, and never with more rights than its owner's. */
export async function writePrivately(file: string, text: string): Promise<void> {
  const fresh = `${file}.new`
  await rm(fresh, { force: true })
  await writeFile(fresh, text, { mode: 0o600 })
  await rename(fresh, file)
}

/** RFC 5803: what PostgreSQL stores of a password. Sent in its place, it can be in no statement that a server logs. */
export function scramVerifier(password: string): string {
  const iterations = 4096
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const keyOf = (name: string) => createHmac('sha256', salted).update(name).digest()
  const storedKey = createHash('sha256').update(keyOf('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${keyOf('Server Key').toString('base64')}`
}
