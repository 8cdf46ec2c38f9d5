import type { Sql } from '../../events/store/sql.ts'
import { stepNamed } from '../participants.ts'
import type { Coordination } from '../saga/coordination.ts'
import { sagaStream, stepKey } from '../saga/ids.ts'

/** Of the newest events, and of the newest actions: a saga that was retried for months has many. */
const LISTED_MAX = 500

export interface BegunStep {
  name: string
  /** What its provider is asked by; null where its effect is in our own database. */
  key: string | null
  /** What its provider calls it. */
  reference: string | null
  begunAt: Date
  movedAt: Date
  attempts: number
  undoAttempts: number
  waitingFor: string | null
  parkedAt: Date | null
  parkedError: string | null
  skippedAt: Date | null
}

/** What a participant of a choreographed order has to do now. */
export interface NotedReaction {
  activity: string
  /** The number of the next attempt of its round, or of the one that is in progress. */
  attempt: number
  dueAt: Date
  isInProgress: boolean
}

export interface Timeline {
  steps: BegunStep[]
  publications: { version: number; publishedAt: Date | null }[]
  readModels: { name: string; version: number }[]
  /** Undefined where a workflow decides. */
  reactions: NotedReaction[] | undefined
  /** The reason of an action is null where it was erased. */
  actions: { at: Date; actor: string; action: string; step: string | null; reason: string | null }[]
}

type Fence = Omit<BegunStep, 'key' | 'reference'> & {
  state: string
  answer: Readonly<Record<string, unknown>> | null
}

const STEPS = `
  SELECT step AS name, state, answer, created_at AS "begunAt", updated_at AS "movedAt", attempts,
         undo_attempts AS "undoAttempts", waiting_for AS "waitingFor", parked_at AS "parkedAt",
         parked_error AS "parkedError", skipped_at AS "skippedAt"
    FROM step_fences WHERE saga_id = $1::uuid ORDER BY created_at, step`

const PUBLICATIONS = `
  SELECT version, published_at AS "publishedAt" FROM outbox WHERE stream_id = $1 ORDER BY version DESC LIMIT ${LISTED_MAX}`

const READ_MODELS = `
  SELECT p.name, coalesce(i.version, 0) AS version
    FROM projections p LEFT JOIN inbox i ON i.consumer = p.name || '#' || p.generation AND i.stream_id = $1
   ORDER BY p.name`

const ACTIONS = `
  SELECT a.at, a.actor, a.action, a.step, r.reason FROM operator_actions a
    LEFT JOIN operator_reasons r ON r.action_id = a.id
   WHERE a.saga_id = $1::uuid ORDER BY a.id DESC LIMIT ${LISTED_MAX}`

const REACTIONS = `
  SELECT activity, coalesce((progress->>'spent')::integer, 0) + 1 AS attempt, due_at AS "dueAt",
         coalesce(claimed_until > clock_timestamp(), false) AS "isInProgress"
    FROM reactions WHERE saga_id = $1::uuid ORDER BY created_at, activity`

/** What has become of one order, besides its events: its steps, its way to the read models, and who acted on it. */
export function createTimeline({ db }: { db: Sql }) {
  return {
    /** Undefined where there is no such order. */
    async read(orderId: string): Promise<Timeline | undefined> {
      const [saga] = await db.query<{ coordination: Coordination }>(
        'SELECT coordination FROM orders JOIN sagas USING (id) WHERE id = $1::uuid',
        [orderId],
      )
      if (saga === undefined) return undefined
      const stream = sagaStream('order', orderId)
      const fences = await db.query<Fence>(STEPS, [orderId])
      const publications = await db.query<Timeline['publications'][number]>(PUBLICATIONS, [stream])
      const actions = await db.query<Timeline['actions'][number]>(ACTIONS, [orderId])
      return {
        steps: fences.map((fence) => begun(orderId, fence)),
        publications: publications.toReversed(),
        readModels: await db.query<Timeline['readModels'][number]>(READ_MODELS, [stream]),
        actions: actions.toReversed(),
        reactions:
          saga.coordination === 'choreography'
            ? await db.query<NotedReaction>(REACTIONS, [orderId])
            : undefined,
      }
    },
  }
}

function begun(orderId: string, { state, answer, ...fence }: Fence): BegunStep {
  const step = stepNamed(fence.name)
  const reference = state === 'refused' ? undefined : answer?.[step?.reference ?? '']
  return {
    ...fence,
    key: step?.provider === undefined ? null : stepKey('order', orderId, fence.name),
    reference: typeof reference === 'string' ? reference : null,
  }
}
