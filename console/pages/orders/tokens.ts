/** How an order comes to its end by what a provider does with a token. */
export type Ending =
  /** As if nothing had happened. */
  | { kind: 'completes'; how?: string }
  | { kind: 'rejected'; code: string }
  /** It completes, unless something makes it turn back: then its undo is parked. */
  | { kind: 'undoParks' }
  | { kind: 'undoLate' }

/** A token of the sandbox, which says how a provider behaves towards this one order. */
export interface Token {
  /** As it is sent; `<n>` stands for a number. */
  token: string
  what: string
  /** What the number is, and one to begin with. */
  number?: { label: string; value: number; max: number }
  ending: (n: number) => Ending
}

/** A step before the point of no return is tried so often; then the saga turns back. */
const ATTEMPTS = 6

const completes = (how?: string) => (): Ending => ({
  kind: 'completes',
  ...(how === undefined ? {} : { how }),
})
const rejected = (code: string) => (): Ending => ({ kind: 'rejected', code })

const flaky = (n: number): Ending =>
  n < ATTEMPTS
    ? { kind: 'completes', how: `after ${n + 1} attempts` }
    : { kind: 'rejected', code: 'STEP_FAILED' }

/** An undo is tried nine times before it is parked. */
const undoFails = (n: number): Ending => (n <= 8 ? { kind: 'undoLate' } : { kind: 'undoParks' })

const times = (value: number) => ({ label: 'How often', value, max: 999_999 })
const milliseconds = (value: number) => ({ label: 'Milliseconds', value, max: 999_999 })

export const PAYMENT_TOKENS: readonly Token[] = [
  { token: 'pm_ok', what: 'Charges at once.', ending: completes() },
  { token: 'pm_declined', what: 'Declines the card.', ending: rejected('PAYMENT_DECLINED') },
  {
    token: 'pm_insufficient_funds',
    what: 'Refuses the charge: the funds are insufficient.',
    ending: rejected('INSUFFICIENT_FUNDS'),
  },
  {
    token: 'pm_flaky_<n>',
    what: 'Answers 503 to the first n calls, without charging.',
    number: times(2),
    ending: flaky,
  },
  {
    token: 'pm_lost_reply_<n>',
    what: 'Charges, then drops the connection n times. The charge is found by its key.',
    number: times(1),
    ending: completes('charged once: the retry finds the charge by its key'),
  },
  {
    token: 'pm_slow_<n>',
    what: 'Charges at once, and answers late.',
    number: milliseconds(3000),
    ending: completes('after the slow answer, or as soon as the charge is found by its key'),
  },
  {
    token: 'pm_hang',
    what: 'Charges at once, and never answers.',
    ending: completes('the charge is found by its key'),
  },
  {
    token: 'pm_rate_limited_<n>',
    what: 'Answers 429 with Retry-After to the first n calls.',
    number: times(2),
    ending: completes('after it has waited as the provider asks'),
  },
  {
    token: 'pm_pending_<n>',
    what: 'Decides later. The saga asks until it has an answer.',
    number: milliseconds(5000),
    ending: completes('after the provider has decided'),
  },
  {
    token: 'pm_pending',
    what: 'Never decides. The deadline ends it.',
    ending: rejected('DEADLINE_EXCEEDED'),
  },
  {
    token: 'pm_partial',
    what: 'Charges half of the amount.',
    ending: rejected('PROVIDER_MISMATCH'),
  },
  {
    token: 'pm_other_currency',
    what: 'Charges in another currency.',
    ending: rejected('PROVIDER_MISMATCH'),
  },
  {
    token: 'pm_refund_fails_<n>',
    what: 'Charges at once. A refund fails n times.',
    number: times(3),
    ending: undoFails,
  },
  {
    token: 'pm_refund_fails',
    what: 'Charges at once. Every refund fails.',
    ending: () => ({ kind: 'undoParks' }),
  },
]

export const SHIPPING_SERVICES: readonly Token[] = [
  { token: 'standard', what: 'Creates the shipment at once.', ending: completes() },
  { token: 'express', what: 'Creates the shipment at once.', ending: completes() },
  {
    token: 'refused',
    what: 'Refuses the shipment, after the charge.',
    ending: rejected('SHIPMENT_REFUSED'),
  },
  {
    token: 'flaky_<n>',
    what: 'Answers 503 to the first n calls, without a shipment.',
    number: times(2),
    ending: flaky,
  },
  {
    token: 'lost_reply_<n>',
    what: 'Creates the shipment, then drops the connection n times.',
    number: times(1),
    ending: completes('shipped once: the retry finds the shipment by its key'),
  },
  {
    token: 'slow_<n>',
    what: 'Creates the shipment at once, and answers late.',
    number: milliseconds(3000),
    ending: completes('after the slow answer, or as soon as the shipment is found by its key'),
  },
  {
    token: 'hang',
    what: 'Creates the shipment at once, and never answers.',
    ending: completes('the shipment is found by its key'),
  },
  {
    token: 'cancel_fails_<n>',
    what: 'Creates the shipment at once. A cancel fails n times.',
    number: times(3),
    ending: undoFails,
  },
  {
    token: 'cancel_fails',
    what: 'Creates the shipment at once. Every cancel fails.',
    ending: () => ({ kind: 'undoParks' }),
  },
]

/** The token as it is sent. */
export const written = ({ token }: Token, n: number): string => token.replace('<n>', String(n))
