import { readFileSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { UsageError } from './failures.ts'

export const DEFAULT_URL = 'http://127.0.0.1:3000'

export type Environment = Readonly<Record<string, string | undefined>>

/** Where a key is looked for that no variable names. */
export const defaultKeyFile = (home: string = os.homedir()): string =>
  path.join(home, '.config', 'order-saga', 'key')

/** @throws UsageError for what is no address of a server. */
export function readUrl(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    throw new UsageError(`${text} is no address: write e.g. ${DEFAULT_URL}.`)
  return text.replace(/\/+$/, '')
}

/**
 * The key of ORDER_SAGA_KEY, else of the file that ORDER_SAGA_KEY_FILE names, else of the default file if it exists. It
 * is never an argument, since every user of a machine can read those of all processes.
 * @throws UsageError that never contains the key.
 */
export function readKey(env: Environment, home?: string): string | undefined {
  const { ORDER_SAGA_KEY: key = '', ORDER_SAGA_KEY_FILE: named = '' } = env
  if (key !== '') return requireKey(key, 'ORDER_SAGA_KEY')
  const file = named === '' ? defaultKeyFile(home) : named
  const text = readKeyFile(file)
  if (text !== undefined) return requireKey(text, file)
  if (named !== '')
    throw new UsageError(`${named} does not exist: set ORDER_SAGA_KEY_FILE to the file of your key.`)
  return undefined
}

/** @returns undefined where there is no file. @throws UsageError when others than its owner may read or write it. */
function readKeyFile(file: string): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats === undefined) return undefined
  const mode = stats.mode & 0o777
  if ((mode & 0o077) !== 0)
    throw new UsageError(
      `${file} has mode ${mode.toString(8)}, so others can use its key: run chmod 600 '${file}', and make a new key if ` +
        'others had access.',
    )
  return readFileSync(file, 'utf8')
}

/** Keys and tokens are visible ASCII: what is not could not be sent, and the refusal of Node would print it. */
function requireKey(text: string, source: string): string {
  const key = text.trim()
  if (!/^[\x21-\x7e]+$/.test(key))
    throw new UsageError(`${source} holds no key: one line of visible ASCII is expected.`)
  return key
}
