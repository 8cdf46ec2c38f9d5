import type { Database } from '../../prisma/client.ts'
import { currentTraceParent } from '../../tracing.ts'
import { toEvent, toShownEvent, type StoredEvent } from './event.ts'

/** An event that is to be appended. */
export interface NewEvent {
  readonly type: string
  /** The shape of `data`; 1 unless it has changed. */
  readonly schemaVersion?: number
  readonly data: object
}

/** Which part of a stream is meant: up to a version, or up to a moment. All of it unless said otherwise. */
export interface AsOf {
  readonly version?: number | undefined
  readonly time?: Date | undefined
}

/** The events after version `after`, up to version `upTo`, at most `limit` of them. */
export interface Part {
  readonly after?: number | undefined
  readonly upTo?: number | undefined
  readonly limit?: number | undefined
}

/** Another process has appended first: what was decided was decided on an old state. */
export class VersionConflict extends Error {
  override readonly name = 'VersionConflict'
  readonly streamId: string
  readonly expectedVersion: number

  constructor(streamId: string, expectedVersion: number) {
    super(`${streamId} is not at version ${expectedVersion}`)
    this.streamId = streamId
    this.expectedVersion = expectedVersion
  }
}

/** How events are passed to the functions of prisma/functions. */
export const toRows = (events: readonly NewEvent[]): string =>
  JSON.stringify(events.map(({ type, data, schemaVersion = 1 }) => ({ type, data, schemaVersion })))

/**
 * Append-only streams of events. Version 1 is a stream's first event, and there are no gaps. An event and its outbox
 * row are written together.
 */
export function createEventStore({ db }: { db: Database }) {
  const recorded = (streamId: string, { after = 0, upTo, limit }: Part): Promise<StoredEvent[]> =>
    db.event.findMany({
      where: { streamId, version: { gt: after, ...(upTo === undefined ? {} : { lte: upTo }) } },
      orderBy: { version: 'asc' },
      ...(limit === undefined ? {} : { take: limit }),
    })
  return {
    /**
     * @param expectedVersion the version on which the events were decided; 0 for a stream that does not exist.
     * @returns the new version.
     * @throws VersionConflict when the stream is at another; nothing is written then.
     */
    async append(streamId: string, expectedVersion: number, events: readonly NewEvent[]): Promise<number> {
      const [row] = await db.$queryRaw<{ version: number | null }[]>`
        SELECT stream_append_traced(${streamId}, ${expectedVersion}::integer, ${toRows(events)}::jsonb,
          ${currentTraceParent() ?? null}) AS version`
      const version = row?.version ?? null
      if (version === null) throw new VersionConflict(streamId, expectedVersion)
      return version
    },

    /**
     * Up to which version a stream is meant; undefined for all of it. A moment is before the first event that was
     * recorded after it: clocks may be set back, and a stream is never read with a hole.
     */
    async upTo(streamId: string, { version, time }: AsOf): Promise<number | undefined> {
      if (time === undefined) return version
      const later = await db.event.findFirst({
        where: { streamId, recordedAt: { gt: time } },
        orderBy: { version: 'asc' },
        select: { version: true },
      })
      return later === null ? version : Math.min(later.version - 1, version ?? later.version)
    },

    /** Streams that have their own head, and whose ids begin alike, in the order of their ids. */
    async heads(prefix: string, { after, limit }: { after: string; limit: number }): Promise<string[]> {
      const rows = await db.$queryRaw<{ id: string }[]>`
        SELECT id FROM streams WHERE id > ${after} AND starts_with(id, ${prefix}) ORDER BY id LIMIT ${limit}`
      return rows.map(({ id }) => id)
    },

    /**
     * The events of a part of a stream, in order and in today's shape.
     * @throws Fault NEWER_EVENT when one of them is newer than this process.
     */
    load: async (streamId: string, part: Part = {}): Promise<StoredEvent[]> =>
      (await recorded(streamId, part)).map(toEvent),

    /** The same to be shown: one that is newer than this process is as it was recorded. */
    show: async (streamId: string, part: Part = {}): Promise<StoredEvent[]> =>
      (await recorded(streamId, part)).map(toShownEvent),
  }
}

export type EventStore = ReturnType<typeof createEventStore>
