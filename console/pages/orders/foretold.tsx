import { StatusBadge } from '../../ui/badge.tsx'
import { isDigital, isOutOfStock, tokenOf, type Draft, type Product } from './draft.ts'
import { outcomeOf } from './outcome.ts'
import { PAYMENT_TOKENS, SHIPPING_SERVICES, type Token } from './tokens.ts'

/** No carrier is asked. */
const UNSHIPPED: Pick<Token, 'ending'> = { ending: () => ({ kind: 'completes' }) }

/** How the order will end. */
export function Foretold({ draft, catalogue }: { draft: Draft; catalogue: readonly Product[] }) {
  const payment = tokenOf(PAYMENT_TOKENS, draft.payment)
  const shipping = isDigital(draft.lines, catalogue) ? UNSHIPPED : tokenOf(SHIPPING_SERVICES, draft.service)
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
