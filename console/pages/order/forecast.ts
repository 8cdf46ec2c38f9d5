import type { Order, Step } from '../../api.ts'
import { titleOf } from '../../saga/words.ts'

const TERMINAL = new Set<Order['status']>(['completed', 'rejected', 'cancelled'])

export const isOpen = ({ status }: Pick<Order, 'status'>): boolean => !TERMINAL.has(status)

/** What is the same of every saga, e.g. of an order. */
type Outcome = Pick<Order, 'status' | 'steps' | 'reason'>

/** Whether it has turned back, or an operator or customer has decided so. */
const hasTurned = ({ status, reason }: Outcome) => status === 'compensating' || reason !== null

/**
 * In one or two sentences: what would be undone if the saga failed now, and what would not.
 * @param compensationOf the name of what undoes a step; null where nothing does.
 */
export function forecast(saga: Outcome, compensationOf: (step: string) => string | null): string {
  const { status, steps } = saga
  if (status === 'completed')
    return 'It is past the point of no return: nothing is undone any more, whatever fails.'
  if (!isOpen(saga)) {
    const undone = steps.filter(({ compensation }) => compensation === 'done')
    return undone.length === 0
      ? 'Nothing had to be undone.'
      : `Undone, in reverse: ${undone
          .toReversed()
          .map(({ name }) => undoTitle(name, compensationOf))
          .join(', ')}.`
  }
  if (hasTurned(saga)) {
    const owed = steps.filter(({ compensation }) => !['none', 'done', 'skipped'].includes(compensation))
    return owed.length === 0
      ? 'Everything is undone; it is about to be closed.'
      : `It has turned back. Still to be undone, in this order: ${owed
          .toReversed()
          .map(({ name }) => undoTitle(name, compensationOf))
          .join(', ')}.`
  }
  const begun = steps.filter(({ kind, state }) => kind === 'compensatable' && state !== 'pending')
  if (begun.length === 0) return 'If it failed now, there would be nothing to undo.'
  const untouched = steps.filter(({ kind, state }) => kind === 'compensatable' && state === 'pending')
  const rest =
    untouched.length === 0
      ? ''
      : ` ${listOf(untouched)} ${untouched.length === 1 ? 'has' : 'have'} not begun, and would never begin.`
  return `If it failed now, this would be undone: ${begun
    .toReversed()
    .map(({ name }) => undoTitle(name, compensationOf))
    .join(', ')}.${rest}`
}

const undoTitle = (name: string, compensationOf: (step: string) => string | null) =>
  titleOf(compensationOf(name) ?? name).toLowerCase()

const listOf = (steps: readonly Step[]) => {
  const titles = steps.map(({ name }) => titleOf(name).toLowerCase())
  const text =
    titles.length > 1 ? `${titles.slice(0, -1).join(', ')} and ${titles.at(-1)}` : (titles[0] ?? '')
  return text.charAt(0).toUpperCase() + text.slice(1)
}
