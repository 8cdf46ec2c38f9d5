import type pg from 'pg'
import { asOrderEvent } from '../domain/order/events.ts'
import type { StepOutline } from '../domain/saga/step-outline.ts'
import type { EventEnvelope } from '../events/broker/envelope.ts'
import type { BatchHandler, EventHandler, OnTrouble } from '../events/broker/transport.ts'
import { createConsumer, type Group, type Taken } from '../events/inbox/consumer.ts'
import type { Effect } from '../events/inbox/effect.ts'
import type { StoredEvent } from '../events/store/event.ts'
import { sqlOf, type Sql } from '../events/store/sql.ts'
import { isDatabaseTrouble, isNewerEvent, newerEvent } from '../faults.ts'
import { follows } from './follow.ts'

/** The steps of every definition that this process knows, by its name. */
export type Outlines = Readonly<Record<string, readonly StepOutline[]>>

export interface ReactorOptions {
  pool: pg.Pool
  outlines: Outlines
  /** Those of `reactionsOf`, by the name of their consumer. */
  effects: ReadonlyMap<string, Effect>
  /** Called at `choreography:before-commit` and `choreography:after-commit`, for kill tests. */
  reach?: ((point: string) => void) | undefined
  /** Called when there may be something to do. */
  onReaction: () => void
}

/** The participants of all definitions. */
export const participantsOf = (outlines: Outlines): string[] => [
  ...new Set(Object.values(outlines).flatMap((steps) => steps.map(({ at }) => at))),
]

const PREFIX = 'choreography-'

/** The name of a participant's consumer at the broker, in the inbox and in the dead letters. */
export const reactorName = (participant: string): string => PREFIX + participant

const ORDER = /^order-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/**
 * The reactors of the participants of this process: take in the events of choreographed orders, each once in each, and note
 * what they ask of their participants. They call no provider: that is the runner's, outside this database transaction.
 * A batch for several of them is one transaction; each has its own inbox and its own dead letters all the same.
 */
export function createReactors({ pool, outlines, effects, reach, onReaction }: ReactorOptions): BatchHandler {
  const definitions = createDefinitions()
  const handlers = new Map<string, EventHandler>()
  const handlerOf = (consumers: readonly string[]): EventHandler => {
    const group: Group = {
      effects: consumers.flatMap((name) => effects.get(name) ?? []),
      applyAll: (db, taken) => noteAll(db, outlines, definitions, taken),
    }
    return createConsumer({
      name: 'choreography',
      pool,
      enter: async () => group,
      reach: (point) => reach?.(`choreography:${point}`),
      onApplied: (count) => {
        if (count > 0) onReaction()
      },
    })
  }
  return async (envelopes, consumers) => {
    const known = await definitions.of(sqlOf(pool), envelopes)
    const choreographed = envelopes.filter(({ subject }) => known.has(subject))
    if (choreographed.length === 0) return
    const key = consumers.join(' ')
    const handle = handlers.get(key) ?? handlerOf(consumers)
    handlers.set(key, handle)
    await handle(choreographed)
  }
}

/** Orders whose definition is remembered: more than are in the batches of all reactors at once. */
const REMEMBERED_MAX = 5000

type Definitions = ReturnType<typeof createDefinitions>

/**
 * The definitions of choreographed orders. An order never changes its definition, nor who coordinates it, so each is read
 * once, for all reactors. The streams of other sagas are none of their business, and leave nothing in their inboxes.
 */
function createDefinitions() {
  /** By the id of an order; null for one that is not choreographed. */
  const remembered = new Map<string, string | null>()
  return {
    /** By the stream, where it is that of a choreographed order. */
    async of(
      db: Sql,
      events: readonly Pick<EventEnvelope, 'subject'>[],
    ): Promise<ReadonlyMap<string, string>> {
      const ids = [...new Set(events.flatMap(({ subject }) => orderIdOf(subject) ?? []))]
      const found = new Map(ids.map((id) => [id, remembered.get(id)]))
      const unknown = ids.filter((id) => found.get(id) === undefined)
      if (unknown.length > 0)
        for (const { id, definition } of await db.query<{ id: string; definition: string | null }>(
          `SELECT id, CASE coordination WHEN 'choreography' THEN definition END AS definition
             FROM sagas WHERE id = ANY ($1::uuid[])`,
          [unknown],
        )) {
          found.set(id, definition)
          remembered.set(id, definition)
        }
      // The oldest first: a map keeps the order in which its keys came.
      for (const id of remembered.keys()) {
        if (remembered.size <= REMEMBERED_MAX) break
        remembered.delete(id)
      }
      return new Map(
        [...found].flatMap(([id, definition]) => (definition ? [[`order-${id}`, definition] as const] : [])),
      )
    },
  }
}

const orderIdOf = (stream: string): string | undefined => ORDER.exec(stream)?.[1]

/** What a participant has to note for an order: a step of its own, or, without one, to look whether the next undo is. */
interface Note {
  saga: string
  definition: string
  activity: string | null
  participant: string
}

/** What an event asks of one participant; undefined where it asks nothing of it. */
function noteOf(
  participant: string,
  outlines: Outlines,
  definition: string,
  event: StoredEvent,
): Note | undefined {
  const saga = orderIdOf(event.streamId)
  const steps = outlines[definition]
  // A newer release knows it, and takes it up.
  if (steps === undefined) throw newerEvent(definition)
  const following = follows(steps, asOrderEvent(event))
  if (saga === undefined || following === undefined) return undefined
  if (following.kind === 'undo') return { saga, definition, activity: null, participant }
  if (following.at !== participant) return undefined
  return { saga, definition, activity: following.activity, participant }
}

/** Notes what a batch asks of all participants in one statement. */
async function noteAll(
  db: Sql,
  outlines: Outlines,
  definitions: Definitions,
  taken: readonly Taken[],
): Promise<('applied' | 'ignored')[]> {
  const known = await definitions.of(
    db,
    taken.map(({ event }) => ({ subject: event.streamId })),
  )
  const notes = taken.map(({ effect, event }) => {
    const definition = known.get(event.streamId)
    const participant = effect.name.slice(PREFIX.length)
    return definition === undefined ? undefined : noteOf(participant, outlines, definition, event)
  })
  await writeNotes(
    db,
    outlines,
    notes.filter((note) => note !== undefined),
  )
  return notes.map((note) => (note === undefined ? 'ignored' : 'applied'))
}

async function writeNotes(db: Sql, outlines: Outlines, notes: readonly Note[]): Promise<void> {
  if (notes.length === 0) return
  const known = new Set(notes.map(({ definition }) => definition))
  const needed = Object.fromEntries(Object.entries(outlines).filter(([name]) => known.has(name)))
  await db.query('SELECT 1 FROM reactions_note($1::jsonb, $2::jsonb)', [
    JSON.stringify(needed),
    JSON.stringify(notes),
  ])
}

/** The dead letter has the class of an error; the log says where it came from, unless the class says it all. */
export const reporting = (effect: Effect, onTrouble: OnTrouble): Effect => ({
  ...effect,
  async apply(db, event) {
    try {
      return await effect.apply(db, event)
    } catch (error) {
      if (!isDatabaseTrouble(error) && !isNewerEvent(error))
        onTrouble(`${effect.name} could not apply an event`, error)
      throw error
    }
  },
})

/** What a participant's reactor does with an event, also with one that was a dead letter. */
export const reactionsOf = (participant: string, outlines: Outlines): Effect => ({
  name: reactorName(participant),
  // The watchdog makes up for what was lost with a broker, and the order's row judges what is noted.
  toleratesGaps: true,
  async apply(db, event) {
    const id = orderIdOf(event.streamId)
    const [saga] = await db.query<{ definition: string }>(
      'SELECT definition FROM sagas WHERE id = $1::uuid',
      [id],
    )
    const note = saga && noteOf(participant, outlines, saga.definition, event)
    if (note === undefined) return 'ignored'
    await writeNotes(db, outlines, [note])
    return 'applied'
  },
})
