import { api, type Order } from '../../api.ts'
import { isParked, parkedTitle } from '../../saga/why-not.ts'
import { useOutlines } from '../../saga/use-outlines.ts'
import { Time } from '../../ui/time.tsx'

/** What is parked, with which error and since when: the reason of the order says why it turned back, and not this. */
export function ParkedLine({ order: { id, definition, steps } }: { order: Order }) {
  const { compensationOf } = useOutlines(definition)
  const { data } = api.useQuery('get', '/orders/{id}/timeline', { params: { path: { id } } })
  const parked = steps.find((step) => isParked(step))
  const record = data?.steps.find(({ name }) => name === parked?.name)
  if (parked === undefined || !record?.parkedAt) return null
  const title = parkedTitle(parked, compensationOf)
  const attempts = parked.compensation === 'parked' ? record.undoAttempts : record.attempts
  return (
    <p className="order-reason" data-tone="person">
      <strong>{record.parkedError}</strong> at {title}: parked <Time at={record.parkedAt} /> after {attempts}{' '}
      {attempts === 1 ? 'attempt' : 'attempts'}. Mend the cause, then retry it. A timer also retries it, with
      growing pauses.
    </p>
  )
}
