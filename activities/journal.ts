import type { BeginResult, Journal, SagaChange } from '../domain/saga/journal.ts'
import { done, type StepAnswer } from '../domain/saga/step-answer.ts'
import { createActivity, type AttemptPorts, type SagaRef } from './attempt.ts'

interface BeginInput extends SagaRef {
  code: string
  step: string
  detail?: string
}

/** `workflows/saga/run-saga.ts` says when. */
interface NoteInput extends SagaRef {
  change: SagaChange
}

/** The activities of a saga's journal. Each saga has them under names of its own, which its history shows. */
export function createJournalActivities(journal: Journal, ports: AttemptPorts) {
  return {
    begin: (name: string) =>
      createActivity(
        name,
        ports,
        async ({ id, code, step, detail }: BeginInput): Promise<StepAnswer<BeginResult>> => ({
          kind: 'done',
          result: await journal.beginCompensation(id, {
            code,
            step,
            ...(detail === undefined ? {} : { detail }),
          }),
        }),
      ),

    note: (name: string) =>
      createActivity(name, ports, async ({ id, change }: NoteInput): Promise<StepAnswer<never>> => {
        switch (change.kind) {
          case 'waiting':
            await journal.noteWaiting(id, change.step)
            break
          case 'parked':
            await journal.noteParked(id, change.step, change.error)
            break
          case 'skipped':
            await journal.noteSkipped(id, change.step, change.error)
        }
        return done
      }),

    /** The wish to cancel, from the engine's side: an operator cancelled the workflow. The row decides what comes of it. */
    cancel: (name: string) =>
      createActivity(name, ports, async ({ id }): Promise<StepAnswer<never>> => {
        await journal.cancel(id, undefined)
        return done
      }),

    close: (name: string) =>
      createActivity(name, ports, async ({ id }) => ({
        kind: 'done' as const,
        result: await journal.close(id),
      })),
  }
}
