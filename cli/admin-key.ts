import { randomBytes } from 'node:crypto'
import { link, rm, writeFile } from 'node:fs/promises'
import process from 'node:process'
import { makeApiKey } from '../api-key.ts'
import { readAdminKey, readConfig } from '../config.ts'

/**
 * Makes the key of the first admin in BOOTSTRAP_ADMIN_KEY_FILE, and keeps one that is there: a job that runs before the
 * API does. It prints where the key is and never the key, because what a job prints is kept in logs.
 */
try {
  const { BOOTSTRAP_ADMIN_KEY_FILE: file } = readConfig()
  if (file === undefined) throw new Error('Set BOOTSTRAP_ADMIN_KEY_FILE to the file that is to hold the key.')
  const isNew = await writeOnce(file, `${makeApiKey().key}\n`)
  readAdminKey(file)
  process.stdout.write(`The admin's key is ${isNew ? 'new' : 'kept'}, in ${file}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

/**
 * The file appears whole, for its owner alone. A link, other than a rename, replaces nothing: of several at once, the
 * first one's file stays.
 * @returns whether it was this one's.
 */
async function writeOnce(file: string, text: string): Promise<boolean> {
  const fresh = `${file}.${randomBytes(8).toString('hex')}`
  try {
    await writeFile(fresh, text, { flag: 'wx', mode: 0o600, flush: true })
    await link(fresh, file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    await rm(fresh, { force: true })
  }
}
