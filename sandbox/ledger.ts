import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs'
import path from 'node:path'

/**
 * What a provider knows of one key. A void before any effect leaves a tombstone; one of an effect that was not decided
 * on yet leaves that. `request` is the digest of what was asked for. `decidesAt` is when it is decided on: milliseconds
 * since the epoch.
 */
export type Entry =
  | { state: 'live'; effect: Effect; request: string; decidesAt: DecidesAt }
  | { state: 'undone'; effect: Effect; request: string; undoKey: string }
  | { state: 'voided'; effect?: Effect }

/** Of the body of a request: by it the same request is known again, and nothing of a customer is kept. */
export const digestOf = (body: unknown): string =>
  createHash('sha256').update(JSON.stringify(body)).digest('hex')

type DecidesAt = number | 'at once' | 'never'

/** Whether the provider has not decided yet. */
export const isPending = (entry: Entry): boolean =>
  entry.state === 'live' &&
  (entry.decidesAt === 'never' || (entry.decidesAt !== 'at once' && entry.decidesAt > Date.now()))

export type Effect = Readonly<Record<string, string | number>>

type Line =
  | { collection: string; key: string; did: 'create'; effect: Effect; request: string; decidesAt?: DecidesAt }
  | { collection: string; key: string; did: 'undo'; undoKey: string }
  | { collection: string; key: string; did: 'void' }

export interface Ledger {
  find(collection: string, key: string): Entry | undefined
  /** In the order of creation. */
  entries(collection: string): [string, Entry][]
  write(line: Line): void
}

/**
 * The providers' own memory: a line for each thing that happened, appended before it is answered, so that killing
 * the process loses nothing. Without a file it is kept in memory only.
 */
export function openLedger(file: string | undefined): Ledger {
  const collections = new Map<string, Map<string, Entry>>()
  const apply = (line: Line) => {
    const entries = collections.get(line.collection) ?? new Map<string, Entry>()
    collections.set(line.collection, entries)
    const entry = entries.get(line.key)
    switch (line.did) {
      case 'create':
        entries.set(line.key, { decidesAt: 'at once', ...line, state: 'live' })
        break
      case 'undo':
        if (entry?.state === 'live')
          entries.set(line.key, { ...entry, state: 'undone', undoKey: line.undoKey })
        break
      case 'void':
        entries.set(line.key, {
          ...(entry?.state === 'live' ? { effect: entry.effect } : {}),
          state: 'voided',
        })
    }
  }
  if (file !== undefined) readLines(file).forEach(apply)
  return {
    find: (collection, key) => collections.get(collection)?.get(key),
    entries: (collection) => [...(collections.get(collection) ?? [])],
    write(line) {
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(line)}\n`)
      apply(line)
    },
  }
}

/** A line that a killed process left unfinished was never answered: it is cut off. */
function readLines(file: string): Line[] {
  mkdirSync(path.dirname(file), { recursive: true })
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  if (whole.length < text.length) truncateSync(file, Buffer.byteLength(whole))
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}
