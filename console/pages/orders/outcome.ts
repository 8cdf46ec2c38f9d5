import type { Ending } from './tokens.ts'

export interface Outcome {
  status: 'completed' | 'rejected' | 'parked'
  text: string
}

export interface Wishes {
  /** What is wrong with the stock, if anything. */
  isOutOfStock: boolean
  payment: Ending
  shipping: Ending
}

/** How an order will end, while the providers do what the tokens say and no one cancels. */
export function outcomeOf({ isOutOfStock, payment, shipping }: Wishes): Outcome {
  if (isOutOfStock)
    return {
      status: 'rejected',
      text: 'It ends rejected with OUT_OF_STOCK at the first step. Nothing is charged.',
    }
  if (payment.kind === 'rejected') return afterPayment(payment.code)
  if (shipping.kind === 'rejected') return afterShipping(shipping.code, payment)
  const how = [payment, shipping].flatMap((ending) =>
    ending.kind === 'completes' && ending.how !== undefined ? [ending.how] : [],
  )
  const notes = [
    ...(fails(payment) ? ['Cancel it before it completes to see the refund fail.'] : []),
    ...(fails(shipping) ? ['Cancel it before it completes to see the cancel of the shipment fail.'] : []),
  ]
  const first =
    how.length === 0 ? 'It completes, usually within a second.' : `It completes: ${how.join('; ')}.`
  return { status: 'completed', text: [first, ...notes].join(' ') }
}

const fails = ({ kind }: Ending) => kind === 'undoParks' || kind === 'undoLate'

function afterPayment(code: string): Outcome {
  const undone =
    code === 'PROVIDER_MISMATCH'
      ? 'The charge is refunded and the stock is released.'
      : 'The stock is released. Nothing stays charged.'
  return { status: 'rejected', text: `It ends rejected with ${code}. ${undone}` }
}

function afterShipping(code: string, payment: Ending): Outcome {
  if (payment.kind === 'undoParks')
    return {
      status: 'parked',
      text: `The carrier refuses with ${code}, and the refund keeps failing: within 90 s it is parked and waits for an operator. The stock is released meanwhile.`,
    }
  const late = payment.kind === 'undoLate' ? ' after some attempts' : ''
  return {
    status: 'rejected',
    text: `It ends rejected with ${code}. The charge is refunded${late}, then the stock is released.`,
  }
}
