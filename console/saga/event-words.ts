import type { SagaEvent } from '../api.ts'
import { formatMoney } from '../ui/money.tsx'
import { titleOf } from './words.ts'

/** What an event of a saga says, in a few words. What is not known by name is shown as it is. */
export function wordsOf({ data }: Pick<SagaEvent, 'data'>): string {
  const {
    amountMinor,
    currency,
    sourceAccountId,
    destinationAccountId,
    lines,
    orderId: _order,
    deadlineAt: _deadline,
    ...rest
  } = data
  const parts: string[] = []
  if (Array.isArray(lines)) parts.push(...lines.map((line) => lineOf(line)))
  if (typeof amountMinor === 'number' && typeof currency === 'string')
    parts.push(formatMoney(amountMinor, currency))
  if (sourceAccountId !== undefined)
    parts.push(`from ${textOf(sourceAccountId)} to ${textOf(destinationAccountId)}`)
  for (const [name, value] of Object.entries(rest))
    if (value !== null && textOf(value) !== '') parts.push(`${titleOf(name).toLowerCase()}: ${textOf(value)}`)
  return parts.join(', ')
}

const lineOf = ({ sku, quantity }: { sku?: unknown; quantity?: unknown }): string =>
  `${textOf(quantity)} × ${textOf(sku)}`

const textOf = (value: unknown): string =>
  Array.isArray(value)
    ? value.map((each) => textOf(each)).join(' and ')
    : typeof value === 'string'
      ? value
      : JSON.stringify(value)
