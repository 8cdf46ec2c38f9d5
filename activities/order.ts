import type { createCompletion } from '../domain/order/completion.ts'
import type { BeginResult, Journal } from '../domain/saga/journal.ts'
import { done, type StepAnswer } from '../domain/saga/step-answer.ts'
import { createActivity, type AttemptPorts, type SagaRef } from './attempt.ts'

interface BeginInput extends SagaRef {
  code: string
  step: string
  detail?: string
}

/** What a running saga tells of itself; `workflows/saga/run-saga.ts` says when. */
interface NoteInput extends SagaRef {
  change:
    | { kind: 'waiting'; step: string }
    | { kind: 'parked'; step: string; error: string }
    | { kind: 'skipped'; step: string; error: string }
    | { kind: 'cancelWished' }
}

export function createOrderActivities(
  completion: ReturnType<typeof createCompletion>,
  journal: Journal,
  ports: AttemptPorts,
) {
  return {
    completeOrder: createActivity('completeOrder', ports, ({ id }, { number }) =>
      completion.completeOrder(id, number),
    ),

    beginCompensation: createActivity(
      'beginCompensation',
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

    noteProgress: createActivity(
      'noteProgress',
      ports,
      async ({ id, change }: NoteInput): Promise<StepAnswer<never>> => {
        switch (change.kind) {
          case 'waiting':
            await journal.noteWaiting(id, change.step)
            break
          case 'parked':
            await journal.noteParked(id, change.step, change.error)
            break
          case 'skipped':
            await journal.noteSkipped(id, change.step, change.error)
            break
          case 'cancelWished':
            await journal.cancel(id, undefined)
        }
        return done
      },
    ),

    closeOrder: createActivity('closeOrder', ports, async ({ id }) => ({
      kind: 'done' as const,
      result: await journal.close(id),
    })),
  }
}
