/**
 * How a provider behaves towards one order, scripted by a magic token in the order itself (as with the test cards
 * of payment providers): `pm_flaky_2`, `lost_reply_1`. Counts are of creating calls per key.
 */
export interface Behaviour {
  /** A business refusal, on every call. */
  refusal?: string
  /** How many creating calls fail before they have an effect, and with what. */
  failing?: { times: number; status: 503 | 429 }
  /** How many creating calls take effect and then lose the connection. */
  losingReplies?: number
  /** How late every creating call is answered, in milliseconds; never at all for infinity. */
  delayMs?: number
  /** How many calls that undo the effect fail. */
  undoFailing?: number
}

/** Undefined for a token that the provider does not know. */
export function paymentBehaviour(token: string): Behaviour | undefined {
  if (token === 'pm_declined') return { refusal: 'DECLINED' }
  if (token === 'pm_insufficient_funds') return { refusal: 'INSUFFICIENT_FUNDS' }
  if (token === 'pm_ok') return {}
  if (!token.startsWith('pm_')) return undefined
  return scripted(token.slice('pm_'.length), 'refund_fails')
}

export function shippingBehaviour(token: string): Behaviour | undefined {
  if (token === 'standard' || token === 'express') return {}
  if (token === 'refused') return { refusal: 'REFUSED' }
  return scripted(token, 'cancel_fails')
}

function scripted(script: string, undoFails: string): Behaviour | undefined {
  if (script === 'hang') return { delayMs: Number.POSITIVE_INFINITY }
  if (script === undoFails) return { undoFailing: Number.POSITIVE_INFINITY }
  const [, name = '', digits] = /^([a-z_]+?)_(\d{1,6})$/.exec(script) ?? []
  const n = Number(digits)
  switch (name) {
    case 'flaky':
      return { failing: { times: n, status: 503 } }
    case 'rate_limited':
      return { failing: { times: n, status: 429 } }
    case 'lost_reply':
      return { losingReplies: n }
    case 'slow':
      return { delayMs: n }
    case undoFails:
      return { undoFailing: n }
    default:
      return undefined
  }
}
