import type { Return } from '../../api.ts'
import { isParked } from '../../saga/why-not.ts'
import { titleOf } from '../../saga/words.ts'

/** It still waits for a decision, or for its parcel. */
export const isAwaited = ({ status }: Pick<Return, 'status'>): boolean =>
  status === 'requested' || status === 'approved'

/** Where a return is, and what comes next, in a sentence or two. */
export function statusInWords({
  status,
  decision,
  parcelReceivedAt,
  steps,
}: Pick<Return, 'status' | 'decision' | 'parcelReceivedAt' | 'steps'>): string {
  const hasParcel = parcelReceivedAt !== null
  switch (status) {
    case 'requested':
      return hasParcel
        ? 'The parcel has arrived. The return waits for a decision.'
        : 'It waits for a decision and for the parcel. Nothing is restocked or refunded before both.'
    case 'approved':
      return hasParcel
        ? 'It is approved and the parcel has arrived: the products go back into stock now.'
        : 'It is approved, and waits for the parcel. The money is given back when the parcel has arrived.'
    case 'received':
      return receivedInWords(steps)
    case 'refunded':
      return 'The products are back in stock, and the money is given back.'
    case 'refused':
      return 'It was refused. Nothing is restocked or refunded.'
    case 'expired':
      return `It expired: no ${decision === null ? 'decision' : 'parcel'} came in time. Nothing is restocked or refunded.`
  }
}

function receivedInWords(steps: Return['steps']): string {
  const parked = steps.find((step) => isParked(step))
  if (parked !== undefined)
    return `The products are back in stock. The step “${titleOf(parked.name).toLowerCase()}” is parked: mend the cause, then retry it.`
  if (steps.some(({ name, state }) => name === 'refundReturn' && state === 'skipped'))
    return 'The products are back in stock. The refund was given up: the money is not given back.'
  return 'The products are back in stock. The points are taken back and the money is given back next.'
}

/** Who decided, and how. */
export function decisionInWords({ outcome, by }: NonNullable<Return['decision']>): string {
  return by === 'rule' ? `${outcome} by rule, for its small amount` : `${outcome} by an operator`
}
