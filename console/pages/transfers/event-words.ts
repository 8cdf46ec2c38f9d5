import type { SagaEvent } from '../../api.ts'
import { titleOf } from '../../saga/words.ts'
import { formatMoney } from '../../ui/money.tsx'

/** What an event of a transfer says, in a few words. What is not known by name is shown as it is. */
export function wordsOf({ data }: Pick<SagaEvent, 'data'>): string {
  const {
    amountMinor,
    currency,
    sourceAccountId,
    destinationAccountId,
    deadlineAt: _deadline,
    ...rest
  } = data
  const parts: string[] = []
  if (typeof amountMinor === 'number' && typeof currency === 'string')
    parts.push(formatMoney(amountMinor, currency))
  if (sourceAccountId !== undefined)
    parts.push(`from ${textOf(sourceAccountId)} to ${textOf(destinationAccountId)}`)
  for (const [name, value] of Object.entries(rest))
    if (value !== null) parts.push(`${titleOf(name).toLowerCase()}: ${textOf(value)}`)
  return parts.join(', ')
}

const textOf = (value: unknown): string =>
  Array.isArray(value)
    ? value.map((each) => textOf(each)).join(' and ')
    : typeof value === 'string'
      ? value
      : JSON.stringify(value)
