import type { BeginResult, CloseResult, Journal, SagaChange } from '../domain/saga/journal.ts'
import { done } from '../domain/saga/step-answer.ts'
import { createActivity, type Activity, type AttemptPorts, type SagaRef } from './attempt.ts'

interface BeginInput extends SagaRef {
  code: string
  step: string
  detail?: string
}

/** `workflows/saga/run-saga.ts` says when. */
interface NoteInput extends SagaRef {
  change: SagaChange
}

/** By whom a saga is cancelled whose workflow was cancelled: who did that is known to Temporal alone. */
const TEMPORAL = 'temporal'

/** The activities of a saga's journal. Each kind of saga has them under names of its own, which its history shows. */
export function createJournalActivities<
  const Begin extends string,
  const Note extends string,
  const Cancel extends string,
  const Close extends string,
>(journal: Journal, ports: AttemptPorts, names: { begin: Begin; note: Note; cancel: Cancel; close: Close }) {
  const begin = createActivity<BeginInput, BeginResult>(
    names.begin,
    ports,
    async ({ id, code, step, detail }) => ({
      kind: 'done',
      result: await journal.beginCompensation(id, {
        code,
        step,
        ...(detail === undefined ? {} : { detail }),
      }),
    }),
  )
  const note = createActivity<NoteInput, never>(names.note, ports, async ({ id, change }) => {
    switch (change.kind) {
      case 'waiting':
        await journal.noteWaiting(id, change.step, change.why)
        break
      case 'parked':
        await journal.noteParked(id, change.step, change.error)
        break
      case 'held':
        await journal.noteHeld(id, change.step, change.error)
        break
      case 'skipped':
        await journal.noteSkipped(id, change.step, change.error)
        break
      default:
        throw new Error(`This release cannot note ${JSON.stringify(change satisfies never)}`)
    }
    return done
  })
  /** The wish to cancel, from the engine's side: an operator cancelled the workflow. The row decides what follows. */
  const cancel = createActivity<SagaRef, never>(names.cancel, ports, async ({ id }) => {
    await journal.cancel(id, TEMPORAL)
    return done
  })
  const close = createActivity<SagaRef, CloseResult>(names.close, ports, async ({ id }) => ({
    kind: 'done',
    result: await journal.close(id),
  }))
  return {
    [names.begin]: begin,
    [names.note]: note,
    [names.cancel]: cancel,
    [names.close]: close,
  } as Record<Begin, Activity<BeginInput, BeginResult>> &
    Record<Note, Activity<NoteInput, never>> &
    Record<Cancel, Activity<SagaRef, never>> &
    Record<Close, Activity<SagaRef, CloseResult>>
}
