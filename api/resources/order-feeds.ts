import type { EventBuffer } from 'better-sse'
import { ORDER } from '../../domain/order/evolve.ts'
import type { OrderQueries } from '../../domain/order/queries.ts'
import { sagaStream } from '../../domain/saga/ids.ts'
import { isTerminal } from '../../domain/saga/status.ts'
import type { Loaded } from '../../events/store/aggregate.ts'
import type { EventStore } from '../../events/store/store.ts'
import type { Tail } from '../../events/outbox/tail.ts'
import { shareRuns } from '../../events/share-runs.ts'
import type { Contracts } from '../contracts.ts'
import { toFrames } from '../event-stream.ts'
import { viewPastOrder } from './order.ts'
import type { TemporalPlace } from './saga.ts'

export interface OrderFeedOptions {
  contract: Contracts['order']
  queries: OrderQueries
  store: EventStore
  tail: Tail
  temporal: TemporalPlace
  /** Called with what went wrong. `what` is a constant text, for the log. */
  onTrouble: (what: string, error: unknown) => void
}

/** What has happened to an order, as it is sent. */
export interface Past {
  at: Loaded<typeof ORDER.initial>
  news: readonly { version: number; frames: EventBuffer }[]
}

interface Feed {
  past: Past
  /** Looks for more. */
  look: () => Promise<void>
  /** Resolves when there is more, or the feed has failed. */
  changed: Promise<void>
  hasFailed: boolean
  watchers: number
}

const NOTHING_YET: Past = { at: { state: ORDER.initial, version: 0, recordedAt: undefined }, news: [] }

export const isOver = ({ at }: Past): boolean => isTerminal(at.state.status)

/**
 * One feed for each order that is watched: what happens to it is read once, however many watch, and when it happens.
 */
export function createOrderFeeds(options: OrderFeedOptions) {
  const { contract, queries, tail, onTrouble } = options
  const feeds = new Map<string, Feed>()
  const streamOf = (id: string) => sagaStream(contract.kind, id)
  let listening: ReturnType<Tail['listen']> | undefined
  const listen = () =>
    (listening ??= tail
      .listen((events) => {
        for (const streamId of new Set(events.map((event) => event.streamId)))
          void feeds.get(streamId)?.look()
      })
      .catch((error: unknown) => {
        listening = undefined
        throw error
      }))

  const drop = (id: string, feed: Feed) => {
    if (feeds.get(streamOf(id)) === feed) feeds.delete(streamOf(id))
    if (feeds.size > 0) return
    listening?.then(
      ({ stop }) => stop(),
      () => undefined,
    )
    listening = undefined
  }

  const begin = (id: string, past: Past): Feed => {
    let announce = () => undefined as void
    const next = () => new Promise<void>((resolve) => (announce = resolve))
    const look = shareRuns(async () => {
      try {
        await listen()
        feed.past = await goOn(options, id, feed.past)
      } catch (error) {
        onTrouble('a stream has ended: its order cannot be read', error)
        feed.hasFailed = true
        drop(id, feed)
      }
      announce()
      feed.changed = next()
    })
    const feed: Feed = { past, look, changed: next(), hasFailed: false, watchers: 0 }
    feeds.set(streamOf(id), feed)
    void look()
    return feed
  }

  return {
    /** What has happened so far; undefined for an order that does not exist, or not for this customer. */
    async soFar(id: string, owner: string | undefined): Promise<Past | undefined> {
      if (owner !== undefined && (await queries.find(id, owner)) === null) return undefined
      const past = await goOn(options, id, feeds.get(streamOf(id))?.past ?? NOTHING_YET)
      return past.at.version === 0 ? undefined : past
    },

    /** The feed of an order, which is watched until it is closed. */
    open(id: string, past: Past): { feed: Readonly<Feed>; close: () => void } {
      const feed = feeds.get(streamOf(id)) ?? begin(id, past)
      feed.watchers += 1
      const close = () => {
        feed.watchers -= 1
        if (feed.watchers === 0) drop(id, feed)
      }
      return { feed, close }
    },
  }
}

/** The past so far with what has happened since, up to the event that ends the order. */
async function goOn(
  { contract, queries, store, temporal }: OrderFeedOptions,
  id: string,
  past: Past,
): Promise<Past> {
  if (isOver(past)) return past
  const events = await store.load(sagaStream(contract.kind, id), { after: past.at.version })
  const record = events.length === 0 ? null : await queries.find(id)
  if (record === null) return past
  let { at } = past
  const news = [...past.news]
  for (const event of events) {
    if (isTerminal(at.state.status)) break
    const { version, recordedAt, type } = event
    at = { state: ORDER.evolve(at.state, event), version, recordedAt }
    const data = viewPastOrder(contract, record, at, temporal)
    news.push({ version, frames: toFrames([{ data, type, id: String(version) }]) })
  }
  return { at, news }
}
