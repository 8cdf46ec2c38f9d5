import { StatusBadge } from '../../ui/badge.tsx'
import { isOutOfStock, tokenOf, type Draft, type Product } from './draft.ts'
import { outcomeOf } from './outcome.ts'
import { PAYMENT_TOKENS, SHIPPING_SERVICES } from './tokens.ts'

/** How the order will end. */
export function Foretold({ draft, catalogue }: { draft: Draft; catalogue: readonly Product[] }) {
  const payment = tokenOf(PAYMENT_TOKENS, draft.payment)
  const shipping = tokenOf(SHIPPING_SERVICES, draft.service)
  if (payment === undefined || shipping === undefined)
    return <p>That depends on what the provider does with a token that is not in the list.</p>
  const { status, text } = outcomeOf({
    isOutOfStock: isOutOfStock(draft.lines, catalogue),
    payment: payment.ending(draft.payment.n),
    shipping: shipping.ending(draft.service.n),
  })
  return (
    <div className="new-order-outcome" role="status">
      <StatusBadge status={status} />
      <p>{text}</p>
    </div>
  )
}
