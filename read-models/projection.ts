import type { Enter, Group } from '../events/inbox/consumer.ts'
import type { Sql } from '../events/store/sql.ts'
import type { Effect } from '../events/inbox/effect.ts'
import type { StoredEvent } from '../events/store/event.ts'

/**
 * A read model: a fold of events into tables. Its rows carry a generation, so that it can be built again beside the one
 * that is read.
 */
export interface Projection {
  /** Also the name of its consumer at the broker. */
  readonly name: string
  /** Its tables, each with a `generation`. */
  readonly tables: readonly string[]
  /**
   * Takes events in, those of each stream in order, in as few statements as one event takes. Streams that it does not know
   * are none of its business; a type that it does not know in one that it follows is refused as NEWER_EVENT. Nothing but
   * the events and the rows of the generation may decide what it writes, or a rebuild would come to another result.
   */
  apply(db: Sql, generation: number, events: readonly StoredEvent[]): Promise<void>
}

/** The name of one generation in the inbox and in the dead letters. */
export const consumerOf = (name: string, generation: number): string => `${name}#${generation}`

export const effectOf = (projection: Projection, generation: number): Effect => ({
  name: consumerOf(projection.name, generation),
  apply: (db, event) => projection.apply(db, generation, [event]),
})

/** The effect alone, which takes a batch in at once. */
export const groupOf = (projection: Projection, generation: number, effect: Effect): Group => ({
  effects: [effect],
  async applyAll(db, taken) {
    if (taken.length > 0)
      await projection.apply(
        db,
        generation,
        taken.map(({ event }) => event),
      )
    return taken.map(() => 'applied')
  },
})

/**
 * Who the projection is now. The row stays as it is until the end of the database transaction: a rebuild that has
 * caught up takes over between two batches, never within one.
 */
export const enterLive =
  (projection: Projection): Enter =>
  async (db) => {
    const [row] = await db.query<{ generation: number; next: number | null }>(
      'SELECT generation, rebuilding_generation AS next FROM projections WHERE name = $1 FOR KEY SHARE',
      [projection.name],
    )
    if (row === undefined) throw new Error(`The projection ${projection.name} has no row`)
    const effect = effectOf(projection, row.generation)
    const noted = row.next === null ? effect : noting(effect, consumerOf(projection.name, row.next))
    return groupOf(projection, row.generation, noted)
  }

/**
 * As the effect, and notes what streams it gets events of: the generation that is being built catches up with these.
 */
const noting = (effect: Effect, next: string): Effect => ({
  ...effect,
  async onStreams(db, streams) {
    await db.query(
      `INSERT INTO rebuild_streams (consumer, stream_id)
       SELECT $1, stream_id FROM unnest($2::text[]) AS s (stream_id) ORDER BY stream_id ON CONFLICT DO NOTHING`,
      [next, streams],
    )
  },
})

/** As effectOf, but for what an operator has discarded: that is discarded from every generation after it. */
export async function effectWithoutDiscarded(
  db: Sql,
  projection: Projection,
  generation: number,
): Promise<Effect> {
  const rows = await db.query<{ id: string }>(
    `SELECT stream_id || '/' || version AS id FROM dead_letters
      WHERE state = 'discarded' AND split_part(consumer, '#', 1) = $1`,
    [projection.name],
  )
  return { ...effectOf(projection, generation), discarded: new Set(rows.map(({ id }) => id)) }
}

/** What goes by a name in the dead letters: a generation that is read or being built, and no other. */
export const resolveAmong =
  (projections: readonly Projection[]) =>
  async (db: Sql, consumer: string): Promise<Effect | undefined> => {
    const [name, generation] = consumer.split('#')
    const projection = projections.find((one) => one.name === name)
    if (projection === undefined || generation === undefined) return undefined
    const inUse = await db.query(
      `SELECT FROM projections WHERE name = $1 AND $2::integer IN (generation, rebuilding_generation) FOR KEY SHARE`,
      [name, Number(generation)],
    )
    return inUse.length === 0 ? undefined : effectWithoutDiscarded(db, projection, Number(generation))
  }

/** One figure for all rows of a generation: two generations with the same content have the same. */
export async function hashOf(db: Sql, { tables }: Projection, generation: number): Promise<string> {
  const hashes: string[] = []
  for (const table of tables) {
    const [row] = await db.query<{ hash: string }>(
      `SELECT md5(coalesce(string_agg(line, E'\\n' ORDER BY line), '')) AS hash
         FROM (SELECT (to_jsonb(t) - 'generation')::text AS line FROM ${table} t WHERE generation = $1) AS lines`,
      [generation],
    )
    hashes.push(`${table} ${row?.hash ?? ''}`)
  }
  return hashes.join(', ')
}
