import type { Database } from '../../prisma/client.ts'
import type { StoredEvent } from './event.ts'
import type { AsOf, EventStore } from './store.ts'

/** How a state is made of events. `evolve` is pure, and the state is JSON. */
export interface Aggregate<State> {
  /** The shape of the state and the meaning of `evolve`: a snapshot of another version is not read. */
  readonly stateVersion: number
  readonly initial: State
  evolve(state: State, event: StoredEvent): State
}

export interface Loaded<State> {
  state: State
  /** The version of the last event in it; 0 when the stream does not exist, or did not at that time. */
  version: number
  /** When that event was recorded. */
  recordedAt: Date | undefined
}

/** A snapshot is taken of every version that is a multiple of this. */
export const SNAPSHOT_EVERY = 100

/** Loads states: the newest snapshot that is old enough, and the fold of what came after it. */
export function createAggregates({ db, store }: { db: Database; store: EventStore }) {
  return {
    async load<State>(
      aggregate: Aggregate<State>,
      streamId: string,
      asOf: AsOf = {},
    ): Promise<Loaded<State>> {
      const upTo = await store.upTo(streamId, asOf)
      const snapshot = await db.snapshot.findFirst({
        where: {
          streamId,
          stateVersion: aggregate.stateVersion,
          ...(upTo === undefined ? {} : { version: { lte: upTo } }),
        },
        orderBy: { version: 'desc' },
      })
      const from = snapshot?.version ?? 0
      let state = snapshot === null ? aggregate.initial : (snapshot.state as State)
      let due: { version: number; state: State; recordedAt: Date } | undefined
      const events = await store.load(streamId, { upTo, after: from })
      for (const event of events) {
        state = aggregate.evolve(state, event)
        const { version, recordedAt } = event
        if (version % SNAPSHOT_EVERY === 0) due = { version, state, recordedAt }
      }
      if (due !== undefined) {
        const { stateVersion } = aggregate
        const row = { streamId, stateVersion, ...due, state: due.state as object }
        // Of a shape that is no longer read: replaced. Of this one: another process was as quick.
        const where = { streamId_version: { streamId, version: due.version } }
        await db.snapshot.upsert({ where, create: row, update: row })
      }
      const recordedAt = events.at(-1)?.recordedAt ?? snapshot?.recordedAt
      return { state, version: from + events.length, recordedAt }
    },
  }
}

export type Aggregates = ReturnType<typeof createAggregates>
