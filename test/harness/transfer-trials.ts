import { expect } from 'vitest'
import { transferSaga } from '../../workflows/transfer/steps.ts'
import type { Transfer } from './api-client.ts'
import type { System } from './system.ts'
import type { Trials } from './trials.ts'

const BALANCE_MINOR = 10_000
const AMOUNT_MINOR = 2500

interface TransferWishes {
  amountMinor?: number
  /** What has happened to the destination before. */
  destinationIs?: 'frozen' | 'closed'
}

const destinationOf = (source: string) => `${source}_to`

export const TRANSFER_TRIALS: Trials<TransferWishes, Transfer> = {
  definition: transferSaga,
  events: {
    opening: 'TransferRequested',
    rejected: 'TransferRejected',
    cancelled: 'TransferCancelled',
  },
  refusals: {
    withdrawMoney: { wishes: { amountMinor: BALANCE_MINOR + 1 }, code: 'INSUFFICIENT_FUNDS' },
    depositMoney: { wishes: { destinationIs: 'closed' }, code: 'ACCOUNT_CLOSED' },
  },
  async place(system, party, { amountMinor = AMOUNT_MINOR, destinationIs } = {}) {
    const destination = destinationOf(party)
    await system.api.openAccount(party, BALANCE_MINOR)
    await system.api.openAccount(destination, 0)
    if (destinationIs !== undefined)
      await system.api.changeAccount(destination, destinationIs === 'closed' ? 'close' : 'freeze')
    return system.api.transfer(party, destination, amountMinor)
  },
  show: (system, id) => system.api.get(`/transfers/${id}`),
  cancel: (system, id) => system.api.post(`/transfers/${id}/cancel`),
  eventTypes: async (system, id) =>
    (await system.api.get<{ data: { type: string }[] }>(`/transfers/${id}/events`)).data.map(
      ({ type }) => type,
    ),
  async expectEffects(system, transfer, undone) {
    const { sourceAccountId: source, destinationAccountId: destination } = transfer
    const moves = await movesOf(system, transfer)
    if (undone === undefined) {
      expect(moves).toEqual({ [source]: ['MoneyWithdrawn'], [destination]: ['MoneyDeposited'] })
    } else {
      const wasWithdrawn = undone.includes('withdrawMoney')
      expect(moves).toEqual({
        [source]: wasWithdrawn ? ['MoneyWithdrawn', 'MoneyReturned'] : [],
        [destination]: [],
      })
    }
    const moved = undone === undefined ? transfer.amountMinor : 0
    expect(await system.api.account(source)).toMatchObject({ balanceMinor: BALANCE_MINOR - moved })
    expect(await system.api.account(destination)).toMatchObject({ balanceMinor: moved })
  },
}

/** What the transfer did to each of its accounts. */
async function movesOf({ api }: System, transfer: Transfer): Promise<Record<string, string[]>> {
  const of = async (accountId: string) => {
    const { data } = await api.get<{ data: { type: string; data: { transferId?: string } }[] }>(
      `/accounts/${accountId}/events`,
    )
    return data.filter((event) => event.data.transferId === transfer.id).map(({ type }) => type)
  }
  const { sourceAccountId: source, destinationAccountId: destination } = transfer
  return { [source]: await of(source), [destination]: await of(destination) }
}
