import { createAggregates, type Aggregate } from '../../events/store/aggregate.ts'
import { createEventStore, toRows, type NewEvent } from '../../events/store/store.ts'
import { Fault } from '../../faults.ts'
import type { Database } from '../../prisma/client.ts'
import { answerOf, single, type StepAnswer, type StepRow } from './step-answer.ts'
import { ownStep, type Invariant, type Step, type StepAttempt, type StepPorts } from './step.ts'

/** What a step decides on: an event-sourced aggregate, and what is done to it. */
export interface Decided<State> {
  readonly streamId: string
  readonly aggregate: Aggregate<State>
  decide(state: State): Decision
  /** The data of the saga's own event. */
  readonly data: object
}

export type Decision =
  | { readonly kind: 'accepted'; readonly events: readonly NewEvent[] }
  | { readonly kind: 'refused'; readonly code: string }

/**
 * A step whose effect is an append to the stream of an event-sourced aggregate. It decides on the aggregate as it was
 * loaded, and appends in the statement that settles the step; when the stream has moved on meanwhile, it decides again.
 */
export interface StreamStepSpec<Events, Name extends string, Undo extends string, State> {
  readonly name: Name
  /** Compensatable unless said otherwise. */
  readonly kind?: 'pivot'
  readonly event: keyof Events & string
  readonly on: (db: Database, sagaId: string) => Promise<Decided<State>>
  readonly undo?: {
    readonly name: Undo
    readonly event: keyof Events & string
    readonly on: (db: Database, sagaId: string) => Promise<Decided<State>>
  }
  readonly invariants?: readonly Invariant[]
}

/** Defines a step at a stream. `Events` are the data of the saga's own events, by their type. */
export const streamStep =
  <Events extends object>() =>
  <const Name extends string, State, const Undo extends string = never>(
    spec: StreamStepSpec<Events, Name, Undo, State>,
  ): Step<Name, Undo, Events> => {
    const { name, undo } = spec
    return {
      ...ownStep(spec),
      bind({ db }: StepPorts) {
        const attempts: Record<string, StepAttempt> = {
          [name]: async (sagaId, { number }) =>
            settle(db, await spec.on(db, sagaId), (target, version, decision) =>
              execute(db, spec, sagaId, number, { target, version, decision }),
            ),
        }
        if (undo !== undefined) {
          attempts[undo.name] = async (sagaId, { number }) =>
            settle(db, await undo.on(db, sagaId), (target, version, decision) =>
              compensate(db, name, undo.event, sagaId, number, { target, version, decision }),
            )
        }
        return attempts as Record<Name | Undo, StepAttempt>
      },
    }
  }

/** Decisions that one attempt makes when others keep appending to the same stream. */
const DECISIONS_MAX = 10

type Row = Omit<StepRow, 'verdict'> & { verdict: StepRow['verdict'] | 'conflict' }

async function settle<State>(
  db: Database,
  target: Decided<State>,
  record: (target: Decided<State>, version: number, decision: Decision) => Promise<Row>,
): Promise<StepAnswer<never>> {
  const aggregates = createAggregates({ db, store: createEventStore({ db }) })
  for (let decisions = 0; decisions < DECISIONS_MAX; decisions += 1) {
    const { state, version } = await aggregates.load(target.aggregate, target.streamId)
    const { verdict, answer } = await record(target, version, target.decide(state))
    if (verdict !== 'conflict') return answerOf({ verdict, answer })
  }
  throw new Fault('VERSION_CONFLICT', `${target.streamId} is written to all the time`)
}

/** A decision, and on which version of which stream it was made. */
interface Made {
  target: { streamId: string; data: object }
  version: number
  decision: Decision
}

async function execute(
  db: Database,
  { name, event, kind = 'compensatable' }: { name: string; event: string; kind?: 'pivot' | 'compensatable' },
  sagaId: string,
  attempt: number,
  { target: { streamId, data }, version, decision }: Made,
): Promise<Row> {
  const isAccepted = decision.kind === 'accepted'
  const events = toRows(isAccepted ? decision.events : [])
  const refusal = isAccepted ? null : JSON.stringify({ code: decision.code })
  return single(
    await db.$queryRaw<Row[]>`
      SELECT verdict, answer FROM step_append(${sagaId}::uuid, ${name}, ${kind}, ${attempt}::integer, ${streamId},
        ${version}::integer, ${events}::jsonb, ${refusal}::jsonb, ${event}, ${JSON.stringify(data)}::jsonb)`,
  )
}

async function compensate(
  db: Database,
  step: string,
  event: string,
  sagaId: string,
  attempt: number,
  { target: { streamId, data }, version, decision }: Made,
): Promise<Row> {
  if (decision.kind === 'refused') {
    // What is undone already may not be possible twice, and what was written off is owed no more.
    const { verdict } = single(
      await db.$queryRaw<{ verdict: 'undo' | 'settled' }[]>`
        SELECT verdict FROM undo_enter(${sagaId}::uuid, ${step}, ${attempt}::integer)`,
    )
    return { verdict: verdict === 'settled' ? 'done' : 'refused', answer: { code: decision.code } }
  }
  return single(
    await db.$queryRaw<Row[]>`
      SELECT verdict, answer FROM undo_append(${sagaId}::uuid, ${step}, ${attempt}::integer, ${streamId},
        ${version}::integer, ${toRows(decision.events)}::jsonb, ${event}, ${JSON.stringify(data)}::jsonb)`,
  )
}
