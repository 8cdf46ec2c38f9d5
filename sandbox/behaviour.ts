import type { Effect } from './ledger.ts'

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
  /**
   * How long the provider takes to decide, in milliseconds; infinity for ever. Until then its answer is that it has
   * not.
   */
  pendingMs?: number
  /** How many calls that undo the effect fail. */
  undoFailing?: number
}

/** The tokens of one provider that are no script. */
export interface Tokens {
  /** Every token begins with it. */
  prefix: string
  fine: readonly string[]
  /** The provider's code for each token that it refuses. */
  refused: Readonly<Record<string, string>>
  /** The script of an effect whose undo fails. */
  undoFails: string
  /** The script of an effect that is decided on later, where the provider does that. */
  pends?: string
}

/** How a provider behaves towards an effect with a `token`. Undefined for a token that it does not know. */
export const behaviourOf =
  ({ prefix, fine, refused, undoFails, pends }: Tokens) =>
  ({ token }: Effect): Behaviour | undefined => {
    const text = String(token)
    if (!text.startsWith(prefix)) return undefined
    const name = text.slice(prefix.length)
    const refusal = Object.entries(refused).find(([known]) => known === name)?.[1]
    if (refusal !== undefined) return { refusal }
    return fine.includes(name) ? {} : scripted(name, undoFails, pends)
  }

function scripted(script: string, undoFails: string, pends: string | undefined): Behaviour | undefined {
  if (script === pends) return { pendingMs: Number.POSITIVE_INFINITY }
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
    case pends:
      return { pendingMs: n }
    default:
      return undefined
  }
}
