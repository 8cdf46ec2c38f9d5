import type { createCompletion } from '../domain/order/completion.ts'
import type { Journal } from '../domain/saga/journal.ts'
import { createActivity, type AttemptPorts } from './attempt.ts'
import { createJournalActivities } from './journal.ts'

export function createOrderActivities(
  completion: ReturnType<typeof createCompletion>,
  journal: Journal,
  ports: AttemptPorts,
) {
  const { begin, note, cancel, close } = createJournalActivities(journal, ports)
  return {
    completeOrder: createActivity('completeOrder', ports, ({ id }, { number }) =>
      completion.completeOrder(id, number),
    ),
    beginCompensation: begin('beginCompensation'),
    noteProgress: note('noteProgress'),
    cancelOrder: cancel('cancelOrder'),
    closeOrder: close('closeOrder'),
  }
}
