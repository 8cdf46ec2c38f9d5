import type { Database } from '../../prisma/client.ts'
import { decide, type AccountState, type Money } from '../account/account.ts'
import { ACCOUNT, accountStream } from '../account/accounts.ts'
import { toMinor } from '../money.ts'
import { streamStep, type Decided } from '../saga/stream-step.ts'
import { TRANSFER_INVARIANTS } from './invariants.ts'

type TransferStepEvents = {
  TransferWithdrawn: Money
  TransferReturned: Money
  TransferCompleted: Money
}

/** A transfer's money moves on one of its two accounts. */
const moving =
  (kind: 'withdraw' | 'return' | 'deposit', side: 'sourceAccountId' | 'destinationAccountId') =>
  async (db: Database, transferId: string): Promise<Decided<AccountState>> => {
    const transfer = await db.transfer.findUniqueOrThrow({ where: { id: transferId } })
    const data = { amountMinor: toMinor(transfer.amountMinor), currency: transfer.currency }
    return {
      streamId: accountStream(transfer[side]),
      aggregate: ACCOUNT,
      decide: (state) => decide({ kind, transferId, ...data }, state),
      data,
    }
  }

/**
 * Takes the money from the source: refused with the account's reason, e.g. INSUFFICIENT_FUNDS. Undone by giving it
 * back, whatever has become of that account: it is owed.
 */
export const withdrawMoney = streamStep<TransferStepEvents>()({
  name: 'withdrawMoney',
  event: 'TransferWithdrawn',
  on: moving('withdraw', 'sourceAccountId'),
  undo: { name: 'returnMoney', event: 'TransferReturned', on: moving('return', 'sourceAccountId') },
  invariants: TRANSFER_INVARIANTS,
})

/** The pivot: the destination has the money, and the transfer is completed for good. */
export const depositMoney = streamStep<TransferStepEvents>()({
  name: 'depositMoney',
  kind: 'pivot',
  event: 'TransferCompleted',
  on: moving('deposit', 'destinationAccountId'),
})
