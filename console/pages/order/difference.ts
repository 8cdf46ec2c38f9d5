import type { Order } from '../../api.ts'
import { titleOf } from '../../saga/words.ts'

export interface Change {
  what: string
  before: string
  after: string
}

/** What one event changed of an order: its status, its reason, and the states of its steps. */
export function differenceOf(before: Order | undefined, after: Order): Change[] {
  if (before === undefined) return [{ what: 'Order', before: 'did not exist', after: after.status }]
  const changes: Change[] = []
  const add = (what: string, from: string, to: string) => {
    if (from !== to) changes.push({ what, before: from, after: to })
  }
  add('Status', before.status, after.status)
  add('Reason', before.reason?.code ?? 'none', after.reason?.code ?? 'none')
  for (const step of after.steps) {
    const earlier = before.steps.find(({ name }) => name === step.name)
    add(titleOf(step.name), earlier?.state ?? 'pending', step.state)
    add(`${titleOf(step.name)}: compensation`, earlier?.compensation ?? 'none', step.compensation)
  }
  return changes
}
