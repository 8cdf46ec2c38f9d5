import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Fault } from '../../faults.ts'
import { asStored } from './foreign-key.ts'
import type { ProviderHttp, ProviderResponse } from './http.ts'
import { VOIDED } from './keyed.ts'

/** An effect as a provider lists it. */
export interface ListedItem {
  key: string
  /** By the provider's own name. */
  state: string
  amountMinor: number | null
  currency: string | null
  /** By the provider's clock; null where it does not say. */
  changedAt: Date | null
}

export interface ListingPage {
  items: (ListedItem & { changedAt: Date })[]
  /** Where the list goes on; undefined at its end. */
  next: string | undefined
}

/** A time, without its end. */
export interface Window {
  from: Date
  to: Date
}

export interface ListingOptions {
  http: ProviderHttp
  /** E.g. `charges`. */
  collection: string
  isMoney: boolean
  /** Calls per second at most: orders come first. */
  perSecond: number
  /** Aborts when the comparison is given up. */
  signal: AbortSignal
  /** Called with each call that is made. */
  onCall: () => void
}

/** Items on a page; a provider that puts more on one is not believed. */
const PAGE_ITEMS = 100

/** How often a call is tried, and the pauses between, in milliseconds: doubled each time unless the provider says how long. */
const TRIES = { max: 8, pauseMs: 250, pauseMaxMs: 5000 }

/** An answer of a list: full pages of keys that are as long as the headers of a request may be. */
export const LIST_BYTES_MAX = 4 * 1024 * 1024

/** Other senders may use any key. */
const key = z.string().transform(asStored)

const money = { amountMinor: z.int(), currency: z.string().length(3) }
const fields = { key, state: z.string().min(1).max(100) }

const listOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ data: z.array(item).max(PAGE_ITEMS), cursor: z.string().max(300), hasMore: z.boolean() })

const changedAt = z.iso.datetime({ offset: true })
const problem = z.object({ code: z.string().max(100) })

/**
 * Reads what a provider lists of what it did, page by page, and what it knows of one key. It has a connection and a pace
 * of its own, and makes one call at a time: orders are not kept waiting by it.
 * @throws Fault for a provider that cannot be asked, or whose answers cannot be believed.
 */
export function createListing(options: ListingOptions) {
  const { http, collection, isMoney, perSecond, signal, onCall } = options
  const item = isMoney ? z.object({ ...fields, ...money }) : z.object(fields)
  const listed = listOf(item.extend({ changedAt }))
  const found = item.extend({ changedAt: changedAt.optional() })
  let mayCallAt = 0

  const unexpected = (what: string, status: number): Fault =>
    new Fault('PROVIDER_UNEXPECTED', `${collection}: ${what} was answered with ${status}`)

  const callOnce = async (path: string): Promise<ProviderResponse | { waitMs: number | undefined }> => {
    await pause(Math.max(0, mayCallAt - performance.now()), signal)
    mayCallAt = performance.now() + 1000 / perSecond
    onCall()
    const answer = await http({ method: 'GET', path }, { number: 2, isLocal: false, signal })
    if (answer.kind === 'ok') return answer.effect
    return { waitMs: answer.kind === 'unavailable' ? answer.retryAfterMs : undefined }
  }

  /** What is not an answer is asked for again, after as long as the provider says. */
  const call = async (path: string): Promise<ProviderResponse> => {
    for (let tried = 1; ; tried += 1) {
      const outcome = await callOnce(path).catch((error: unknown) => {
        signal.throwIfAborted()
        if (!(error instanceof Fault) || tried >= TRIES.max) throw error
        return { waitMs: error.retryAfterMs }
      })
      if ('status' in outcome) return outcome
      if (tried >= TRIES.max) throw new Fault('RATE_LIMITED', `${collection} takes no more calls`)
      const backoffMs = Math.min(TRIES.pauseMs * 2 ** (tried - 1), TRIES.pauseMaxMs)
      await pause(outcome.waitMs ?? backoffMs, signal)
    }
  }

  return {
    /** A page of what has changed in a time, oldest first. @param cursor the `next` of the page before. */
    async page({ from, to }: Window, cursor: string | undefined): Promise<ListingPage> {
      const query = new URLSearchParams({
        changedFrom: from.toISOString(),
        changedTo: to.toISOString(),
        limit: String(PAGE_ITEMS),
        ...(cursor === undefined ? {} : { after: cursor }),
      })
      const { status, body } = await call(`/${collection}?${query.toString()}`)
      const { success, data } = listed.safeParse(body)
      if (status !== 200 || !success) throw unexpected('a page of the list', status)
      const items = data.data.map((each) => complete(each, new Date(each.changedAt)))
      return { items, next: data.hasMore ? data.cursor : undefined }
    },

    /** What the provider knows of a key; undefined for one that it has not seen, or cannot be asked for. */
    async find(wanted: string): Promise<ListedItem | undefined> {
      if (asStored(wanted) !== wanted) return undefined
      const { status, body } = await call(`/${collection}/${encodeURIComponent(wanted)}`)
      const code = problem.safeParse(body).data?.code
      if (code === 'UNKNOWN_KEY') return undefined
      if (code === 'VOIDED') return complete({ key: wanted, state: VOIDED }, null)
      const { success, data } = found.safeParse(body)
      if (status !== 200 || !success || data.key !== wanted) throw unexpected('a key', status)
      return complete(data, data.changedAt === undefined ? null : new Date(data.changedAt))
    },
  }
}

export type Listing = ReturnType<typeof createListing>

const complete = <At extends Date | null>(
  {
    key,
    state,
    amountMinor,
    currency,
  }: { key: string; state: string; amountMinor?: number; currency?: string },
  changedAt: At,
) => ({ key, state, amountMinor: amountMinor ?? null, currency: currency ?? null, changedAt })

const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  if (ms > 0) await sleep(ms, undefined, { signal })
}
