import type { components } from '../../api-types.ts'
import type { Order } from '../../api.ts'
import type { StepOutline } from '../../saga/saga-map.tsx'
import { titleOf } from '../../saga/words.ts'
import type { Tone } from '../../ui/badge.tsx'
import { span } from '../../ui/time.tsx'

export type Timeline = components['schemas']['OrderTimeline']

interface Event {
  version: number
  type: string
  data: Record<string, unknown>
  recordedAt: string
}

export interface Mark {
  /** Milliseconds since the epoch. */
  from: number
  /** A moment has none. */
  to?: number
  /** It goes on. */
  isOpen?: boolean
  tone: Tone
  title: string
}

export interface Lane {
  name: string
  note?: string
  marks: Mark[]
}

const at = (time: string) => Date.parse(time)

/**
 * Who did what when: the API, each step with its attempts, its compensation beneath it, the outbox, the read models.
 * @param events all of the order's.
 */
export function lanesOf(
  order: Order,
  events: readonly Event[],
  timeline: Timeline,
  outlines: readonly StepOutline[],
): Lane[] {
  const { steps, publications, readModels, pending, actions } = timeline
  const began = at(order.createdAt)
  const placedAndWishes = events.filter(({ type }) => ['OrderPlaced', 'CancelRequested'].includes(type))
  const byHand = actions.map(({ at: time, action, actor, reason }) =>
    moment(at(time), 'person', `${action} by ${actor}: ${reason ?? 'the reason was erased'}`),
  )
  const turnedAt = events.find(({ type }) => type === 'CompensationBegun')?.recordedAt
  return [
    {
      name: 'API',
      marks: [
        ...placedAndWishes.map(({ type, recordedAt }) => moment(at(recordedAt), 'active', titleOf(type))),
        ...byHand,
      ],
    },
    ...order.steps.flatMap((step) => {
      const record = steps.find(({ name }) => name === step.name)
      if (record === undefined) return []
      const outline = outlines.find(({ name }) => name === step.name)
      const last = (types: readonly string[] = []) => events.findLast(({ type }) => types.includes(type))
      const done = last(outline?.events === null ? [] : [outline?.events.done ?? ''])
      const undone = last(outline?.events?.undone)
      const pendingOf = (name: string | null | undefined) => pending.find(({ activity }) => activity === name)
      const undo = outline?.compensation ?? null
      return [
        stepLane(step, record, done, turnedAt, pendingOf(step.name)),
        ...undoLane(step, undo, record, undone, turnedAt, pendingOf(undo)),
      ]
    }),
    {
      name: 'Outbox',
      ...outboxNote(order, publications),
      marks: publications.flatMap(({ version, publishedAt }) =>
        publishedAt === null
          ? []
          : [
              moment(
                at(publishedAt),
                'done',
                `Version ${version} published ${span(at(publishedAt) - began)} after placing`,
              ),
            ],
      ),
    },
    {
      name: 'Read models',
      note: readModels.map(({ name, version }) => `${name} ${version}/${order.version}`).join(', '),
      marks: [],
    },
  ]
}

/** What the relay has published is kept for an hour. */
function outboxNote(order: Order, publications: Timeline['publications']): Pick<Lane, 'note'> {
  const waiting = publications.filter(({ publishedAt }) => publishedAt === null).length
  if (waiting > 0) return { note: `${waiting} not published yet` }
  return publications.length < order.version ? { note: 'all published, not kept any more' } : {}
}

const moment = (from: number, tone: Tone, title: string): Mark => ({ from, tone, title })

type Fence = Timeline['steps'][number]
type Pending = Timeline['pending'][number]

function stepLane(
  step: Order['steps'][number],
  { begunAt, movedAt, attempts }: Fence,
  done: Event | undefined,
  turnedAt: string | undefined,
  wait: Pending | undefined,
): Lane {
  const isOver = ['done', 'failed', 'skipped'].includes(step.state)
  const until = done?.recordedAt ?? (step.compensation === 'none' ? movedAt : (turnedAt ?? movedAt))
  const tone: Tone =
    step.state === 'done'
      ? 'done'
      : step.state === 'failed'
        ? 'failed'
        : step.state === 'parked'
          ? 'person'
          : step.state === 'waiting'
            ? 'waiting'
            : 'active'
  return {
    name: titleOf(step.name),
    ...triesNote(wait?.attempt ?? attempts),
    marks: [
      {
        from: at(begunAt),
        ...(isOver ? { to: Math.max(at(until), at(begunAt)) } : { isOpen: true }),
        tone,
        title: `${titleOf(step.name)}: ${step.state}, begun ${begunAt}${failureOf(wait)}`,
      },
    ],
  }
}

const triesNote = (tries: number): Pick<Lane, 'note'> => (tries > 1 ? { note: `attempt ${tries}` } : {})

const failureOf = (wait: Pending | undefined) =>
  wait?.lastFailure ? `; last failure ${wait.lastFailure}` : ''

function undoLane(
  step: Order['steps'][number],
  undo: string | null,
  { movedAt, undoAttempts, parkedError }: Fence,
  undone: Event | undefined,
  turnedAt: string | undefined,
  wait: Pending | undefined,
): Lane[] {
  if (step.compensation === 'none' || turnedAt === undefined) return []
  const isOver = ['done', 'skipped'].includes(step.compensation)
  const title = undo === null ? `Undo of ${titleOf(step.name).toLowerCase()}` : titleOf(undo)
  return [
    {
      name: title,
      ...triesNote(Math.max(undoAttempts, wait?.attempt ?? 0)),
      marks: [
        {
          from: at(turnedAt),
          ...(isOver ? { to: Math.max(at(undone?.recordedAt ?? movedAt), at(turnedAt)) } : { isOpen: true }),
          tone:
            step.compensation === 'done'
              ? 'undone'
              : step.compensation === 'parked'
                ? 'person'
                : step.compensation === 'waiting'
                  ? 'waiting'
                  : 'active',
          title: `${title}: ${step.compensation}${parkedError === null ? '' : ` with ${parkedError}`}${failureOf(wait)}`,
        },
      ],
    },
  ]
}
