import { readFile } from 'node:fs/promises'
import { createLocalJWKSet } from 'jose'
import { z } from 'zod'
import { HttpProblem } from '../problem.ts'

/** An unknown key makes us read the set again at most so often, whatever is sent. */
const ASKED_AGAIN_MS = 60_000

/** While no set was ever read, nobody with a token can be served. */
const FIRST_AGAIN_MS = 2000

/** A set that is older is read again at its next use, so that a key that its issuer has taken away is forgotten. */
const FRESH_MS = 600_000

const TIMEOUT_MS = 5000
const BYTES_MAX = 1_000_000

const keySetOf = z.object({ keys: z.array(z.record(z.string(), z.unknown())) })

export type LocalKeySet = ReturnType<typeof createLocalJWKSet>

/**
 * The public keys of an issuer. An issuer that does not answer locks nobody out whose key is known.
 * @param read the set, where it is.
 */
export function createKeySet(read: () => Promise<string>, onTrouble: (what: string, error: unknown) => void) {
  let known: LocalKeySet | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined
  const age = () => performance.now() - askedAt
  const ask = (): Promise<void> => {
    if (asking !== undefined) return asking
    askedAt = performance.now()
    asking = read()
      .then((text) => {
        known = createLocalJWKSet(keySetOf.parse(JSON.parse(text)))
      })
      .catch((error: unknown) => onTrouble('the public keys of the issuer of tokens cannot be read', error))
      .finally(() => (asking = undefined))
    return asking
  }
  return {
    /** @throws HttpProblem (503) while no set was ever read. */
    async get(): Promise<LocalKeySet> {
      if (known === undefined && (asking !== undefined || age() >= FIRST_AGAIN_MS)) await ask()
      if (known === undefined)
        throw new HttpProblem('DEPENDENCY_UNAVAILABLE', 'The keys of the issuer of tokens cannot be read.')
      if (age() >= FRESH_MS) void ask()
      return known
    },
    /** The set once more, for a key that is not in it; undefined when it was read a moment ago. */
    async getNewer(): Promise<LocalKeySet | undefined> {
      if (asking === undefined && age() < ASKED_AGAIN_MS) return undefined
      await ask()
      return known
    },
  }
}

export type KeySet = ReturnType<typeof createKeySet>

/** Where it is served, or a file. */
export interface KeySetPlace {
  url?: string | undefined
  file?: string | undefined
}

export const readerOf =
  ({ url, file }: KeySetPlace) =>
  (): Promise<string> =>
    url === undefined ? readFile(String(file), 'utf8') : fetchText(url)

/** @throws Error for an answer that is no key set's. */
async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, {
    headers: { accept: 'application/json, application/jwk-set+json' },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (!response.ok) throw new Error(`the key set was answered with ${response.status}`)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > BYTES_MAX) throw new Error('the key set is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
