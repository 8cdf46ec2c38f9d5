import type pg from 'pg'
import { asOrderEvent } from '../domain/order/events.ts'
import type { StepOutline } from '../domain/saga/step-outline.ts'
import type { EventEnvelope } from '../events/broker/envelope.ts'
import type { EventHandler, OnTrouble } from '../events/broker/transport.ts'
import { createConsumer } from '../events/inbox/consumer.ts'
import type { Effect } from '../events/inbox/effect.ts'
import { sqlOf, type Sql } from '../events/store/sql.ts'
import { isDatabaseTrouble, isNewerEvent, newerEvent } from '../faults.ts'
import { follows } from './follow.ts'

/** The steps of every definition that this process knows, by its name. */
export type Outlines = Readonly<Record<string, readonly StepOutline[]>>

export interface ReactorOptions {
  pool: pg.Pool
  /** That of `reactionsOf`. */
  effect: Effect
  /** Called at `choreography:before-commit` and `choreography:after-commit`, for kill tests. */
  reach?: ((point: string) => void) | undefined
  /** Called when there may be something to do. */
  onReaction: () => void
}

/** The name of a participant's consumer at the broker, in the inbox and in the dead letters. */
export const reactorName = (participant: string): string => `choreography-${participant}`

const ORDER = /^order-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/**
 * A participant's reactor: takes in the events of choreographed orders, each once, and notes what they ask of this
 * participant. It calls no provider: that is the runner's, outside this database transaction.
 */
export function createReactor({ pool, effect, reach, onReaction }: ReactorOptions): EventHandler {
  const handle = createConsumer({
    name: effect.name,
    pool,
    enter: async () => effect,
    reach: (point) => reach?.(`choreography:${point}`),
    onApplied: onReaction,
  })
  return async (envelopes) => {
    const choreographed = await amongChoreographed(sqlOf(pool), envelopes)
    if (choreographed.length > 0) await handle(choreographed)
  }
}

/** The streams of all other sagas are none of its business, and leave nothing in its inbox. */
async function amongChoreographed(
  db: Sql,
  envelopes: readonly EventEnvelope[],
): Promise<readonly EventEnvelope[]> {
  const ids = [...new Set(envelopes.flatMap(({ subject }) => orderIdOf(subject) ?? []))]
  const rows = await db.query<{ id: string }>(
    `SELECT id FROM sagas WHERE id = ANY ($1::uuid[]) AND coordination = 'choreography'`,
    [ids],
  )
  const found = new Set(rows.map(({ id }) => id))
  return envelopes.filter(({ subject }) => found.has(orderIdOf(subject) ?? ''))
}

const orderIdOf = (stream: string): string | undefined => ORDER.exec(stream)?.[1]

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
    if (id === undefined || saga === undefined) return 'ignored'
    const steps = outlines[saga.definition]
    // A newer release knows it, and takes it up.
    if (steps === undefined) throw newerEvent(saga.definition)
    const following = follows(steps, asOrderEvent(event))
    if (following?.kind === 'undo') {
      await db.query('SELECT 1 FROM reaction_undo($1::uuid, $2::jsonb, $3)', [
        id,
        JSON.stringify(steps),
        participant,
      ])
      return 'applied'
    }
    if (following?.at !== participant) return 'ignored'
    await db.query('SELECT 1 FROM reaction_step($1::uuid, $2::jsonb, $3, $4)', [
      id,
      JSON.stringify(steps),
      following.activity,
      participant,
    ])
    return 'applied'
  },
})
