import type { StepAnswer } from '../../domain/saga/step-answer.ts'
import { orderSaga } from '../../workflows/order/steps.ts'
import type { SagaDefinition } from '../../workflows/saga/definition.ts'

/** The answers of an activity, in turn; the last is repeated for ever. A string is the class of a fault. */
export type Script = Record<string, (StepAnswer | { fault: string })[]>

const DONE: StepAnswer<never> = { kind: 'done' }

/**
 * Activities that only play a script and remember what was asked of them. Time skips in the workflow alone, so
 * nothing here may depend on a clock.
 */
export function scriptedParticipants(script: Script, undo: string[] = [], saga: SagaDefinition = orderSaga) {
  const calls: { activity: string; atMs: number; input: unknown }[] = []
  let reason: { code: string; step: string } | undefined
  const answers = new Map(Object.entries(script).map(([activity, list]) => [activity, [...list]]))
  const play =
    (activity: string) =>
    async (input: unknown): Promise<StepAnswer> => {
      calls.push({ activity, atMs: Date.now(), input })
      const list = answers.get(activity) ?? []
      const answer = list.length > 1 ? list.shift() : list[0]
      if (answer !== undefined && 'fault' in answer) throw new Error(answer.fault)
      return answer ?? DONE
    }
  const names = [
    ...saga.compensatable.flatMap(({ execute, compensate }) => [execute, compensate]),
    saga.pivot.execute,
    ...saga.retriable.map(({ execute }) => execute),
    saga.journal.note,
    saga.journal.cancel,
  ]
  const activities: Record<string, (input: never) => Promise<StepAnswer>> = Object.fromEntries(
    names.map((name) => [name, play(name)]),
  )
  activities[saga.journal.begin] = async (input: { code: string; step: string }) => {
    const isFirst = reason === undefined
    reason ??= { code: input.code, step: input.step }
    return { kind: 'done', result: { verdict: isFirst ? 'begun' : 'already', reason, undo } }
  }
  activities[saga.journal.close] = async () => ({ kind: 'done', result: { status: 'rejected' } })
  return {
    activities,
    calls,
    count: (activity: string) => calls.filter((call) => call.activity === activity).length,
  }
}
