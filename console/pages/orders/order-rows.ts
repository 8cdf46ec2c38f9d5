import type { Order, Step } from '../../api.ts'
import { titleOf } from '../../saga/words.ts'

const isHeld = ({ state, compensation }: Step) =>
  [state, compensation].some((each) => each === 'waiting' || each === 'parked')

/** In a few words: why it did not complete, or where it is held up. Undefined when it runs or is done as it should. */
export function whyOf({
  reason,
  steps,
  status,
}: Pick<Order, 'reason' | 'steps' | 'status'>): string | undefined {
  const held = steps.find(isHeld)
  if (status === 'waiting' || status === 'parked' || status === 'compensating') {
    const at = held === undefined ? undefined : `${wordOf(held)} ${titleOf(held.name).toLowerCase()}`
    return [reason?.code, at].filter((part) => part !== undefined).join(', ') || undefined
  }
  return reason === null ? undefined : reason.code
}

const wordOf = ({ compensation }: Step) =>
  compensation === 'waiting' || compensation === 'parked' ? 'undo of' : 'at'

/** E.g. `2 × TEA-001, 1 × CUP-001, 3 more`. */
export function itemsOf(lines: Order['lines']): string {
  const shown = lines.slice(0, 2).map(({ sku, quantity }) => `${quantity} × ${sku}`)
  return [...shown, ...(lines.length > 2 ? [`${lines.length - 2} more`] : [])].join(', ')
}
