import type { SagaEvent } from '../../api.ts'

/** One event of an account, with what it did to the balance. */
export interface Entry {
  version: number
  type: string
  recordedAt: string
  /** The transfer that did it, if one did. */
  transferId: string | undefined
  changeMinor: number
  /** After it. */
  balanceMinor: number
}

const SIGNS: Partial<Record<string, 1 | -1>> = {
  MoneyDeposited: 1,
  MoneyReturned: 1,
  MoneyWithdrawn: -1,
}

/** @param events from version 1, without gaps. */
export function ledgerOf(events: readonly SagaEvent[]): Entry[] {
  let balanceMinor = 0
  return events.map(({ version, type, recordedAt, data: { amountMinor, transferId } }) => {
    const changeMinor = (SIGNS[type] ?? 0) * Number(amountMinor ?? 0)
    balanceMinor += changeMinor
    return {
      version,
      type,
      recordedAt,
      transferId: typeof transferId === 'string' ? transferId : undefined,
      changeMinor,
      balanceMinor,
    }
  })
}
