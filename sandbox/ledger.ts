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

/** A line with the time at which it was written, in milliseconds since the epoch. */
type Dated = Line & { at?: number }

/** The last change of a key. */
export interface Change {
  key: string
  entry: Entry & { effect: Effect }
  /** Milliseconds since the epoch; 0 for one of a ledger that had no times. */
  at: number
}

export interface Ledger {
  find(collection: string, key: string): Entry | undefined
  /** When the key has changed last: milliseconds since the epoch. */
  changedAt(collection: string, key: string): number
  /** In the order of creation. */
  entries(collection: string): [string, Entry][]
  /**
   * The keys whose last change was in this time (milliseconds since the epoch, the end is not part of it), oldest first.
   * @param after where the page before ended; -1 at the beginning.
   */
  changes(
    collection: string,
    time: { from: number; to: number },
    after: number,
    limit: number,
  ): { page: Change[]; next: number; hasMore: boolean }
  write(line: Line): void
}

/** The changes of one collection in the order of their times: one of a key that has changed again is passed over. */
interface Changes {
  log: { key: string; at: number }[]
  /** The place of the last change of each key. */
  last: Map<string, number>
}

/**
 * The providers' own memory: a line for each thing that happened, appended before it is answered, so that killing
 * the process loses nothing. Without a file it is kept in memory only.
 */
export function openLedger(file: string | undefined): Ledger {
  const collections = new Map<string, Map<string, Entry>>()
  const changed = new Map<string, Changes>()
  const changesOf = (collection: string): Changes => {
    const known = changed.get(collection) ?? { log: [], last: new Map<string, number>() }
    changed.set(collection, known)
    return known
  }
  const note = ({ collection, key, at = 0 }: Dated) => {
    const { log, last } = changesOf(collection)
    last.set(key, log.length)
    // A clock that was set back does not put a change before those that were listed already.
    log.push({ key, at: Math.max(at, log.at(-1)?.at ?? 0) })
  }
  const apply = (line: Dated) => {
    note(line)
    const entries = collections.get(line.collection) ?? new Map<string, Entry>()
    collections.set(line.collection, entries)
    const entry = entries.get(line.key)
    switch (line.did) {
      case 'create':
        entries.set(line.key, {
          decidesAt: line.decidesAt ?? 'at once',
          effect: line.effect,
          request: line.request,
          state: 'live',
        })
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
    changedAt(collection, key) {
      const { log, last } = changesOf(collection)
      return log[last.get(key) ?? -1]?.at ?? 0
    },
    entries: (collection) => [...(collections.get(collection) ?? [])],
    changes(collection, { from, to }, after, limit) {
      const { log, last } = changesOf(collection)
      const page: Change[] = []
      let place = Math.max(after + 1, placeOf(log, from))
      const isOver = () => (log[place]?.at ?? to) >= to
      for (; page.length < limit && !isOver(); place += 1) {
        const change = log[place]
        const entry = collections.get(collection)?.get(change?.key ?? '')
        // A tombstone never had an effect: pages are not filled with them.
        if (change !== undefined && entry?.effect !== undefined && last.get(change.key) === place)
          page.push({ ...change, entry: { ...entry, effect: entry.effect } })
      }
      return { page, next: place - 1, hasMore: !isOver() }
    },
    write(line) {
      const dated = { ...line, at: Date.now() }
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(dated)}\n`)
      apply(dated)
    },
  }
}

/** The place of the first change that is not before `from`. */
function placeOf(log: readonly { at: number }[], from: number): number {
  let [low, high] = [0, log.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((log[middle]?.at ?? 0) < from) low = middle + 1
    else high = middle
  }
  return low
}

/** A line that a killed process left unfinished was never answered: it is cut off. */
function readLines(file: string): Dated[] {
  mkdirSync(path.dirname(file), { recursive: true })
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  if (whole.length < text.length) truncateSync(file, Buffer.byteLength(whole))
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Dated)
}
