import type { Order, Return, Step } from '../api.ts'
import { titleOf } from './words.ts'

/** What an operator can do to a saga. */
export type SagaAction = 'retry' | 'skip' | 'cancel'

/** Of an order or a transfer, or of a return, whose words are its own. */
export type SagaStatus = Order['status'] | Return['status']

const TERMINAL = new Set<SagaStatus>(['completed', 'rejected', 'cancelled'])

export const isParked = ({ state, compensation }: Step): boolean =>
  state === 'parked' || compensation === 'parked'

/**
 * What is parked, as an operator reads it: the step itself, or what undoes it. To retry a refund and to retry a charge
 * are two very different things.
 * @param compensationOf the name of what undoes a step; null where nothing does.
 */
export function parkedTitle(
  { name, compensation }: Pick<Step, 'name' | 'compensation'>,
  compensationOf: (step: string) => string | null,
): string {
  if (compensation !== 'parked') return titleOf(name).toLowerCase()
  const undo = compensationOf(name)
  return undo === null ? `undo of ${titleOf(name).toLowerCase()}` : titleOf(undo).toLowerCase()
}

/** Why an action is not possible now; undefined when it is. */
export function whyNot(
  action: SagaAction,
  { status, steps }: { status: SagaStatus; steps: readonly Step[] },
): string | undefined {
  if (action === 'cancel') {
    if (status === 'compensating') return 'It is already turning back.'
    return TERMINAL.has(status) ? `It is ${status}.` : undefined
  }
  const parked = steps.filter((step) => isParked(step))
  if (parked.length === 0) return 'No step of it is parked.'
  const canBeGivenUp = parked.some(
    ({ compensation, kind }) => compensation === 'parked' || kind === 'retriable',
  )
  return action === 'retry' || canBeGivenUp
    ? undefined
    : 'Only a compensation, or a step after the point of no return, can be given up.'
}
