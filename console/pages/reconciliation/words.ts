import type { Difference, ReconciliationRun } from '../../api.ts'
import { formatMoney } from '../../ui/money.tsx'

/** What a class is called, and what it means. */
export const CLASSES: Readonly<Record<Difference['class'], readonly [title: string, meaning: string]>> = {
  missing_here: ['Missing here', 'The provider has it, and we have no record of it.'],
  missing_there: ['Missing there', 'We have a record of it, and the provider does not know it.'],
  amount: ['Other amount', 'Both know it, with different amounts.'],
  currency: ['Other currency', 'Both know it, in different currencies. The amounts are not compared.'],
  state: ['Other state', 'One side has undone it, or not decided it, and the other has not.'],
  late: ['Late', 'The provider has carried it out, and the order or the return is over without it.'],
}

/** One side in a few words, e.g. `€10.00, charged`. */
export const sideInWords = (side: Difference['ours']): string => {
  if (side === null) return 'nothing'
  const { amountMinor, currency, state } = side
  return amountMinor === null || currency === null ? state : `${amountIn(amountMinor, currency)}, ${state}`
}

/** A provider may list a currency that no browser knows. */
function amountIn(amountMinor: number, currency: string): string {
  return /^[A-Z]{3}$/.test(currency) ? formatMoney(amountMinor, currency) : `${amountMinor} ${currency}`
}

/** How the newest run fares, where that is worth a word. */
export function runInWords({ state, parts }: Pick<ReconciliationRun, 'state' | 'parts'>): string | undefined {
  const troubles = parts.flatMap(({ step, trouble }) => (trouble === null ? [] : [`${step}: ${trouble}`]))
  switch (state) {
    case 'waiting':
      return 'A run waits for a worker.'
    case 'running':
      return troubles.length === 0
        ? `Comparing: ${parts.filter((part) => part.state === 'ended').length} of ${parts.length} lists are done.`
        : `A run has trouble, and is tried again. ${troubles.join(', ')}.`
    case 'failed':
      return `The last run has failed. ${troubles.join(', ')}.`
    case 'ended':
      return undefined
  }
}
