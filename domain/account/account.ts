import { newerEvent } from '../../faults.ts'

/**
 * The rules of an account: what may be done to it (`decide`) and what it is after what was done (`evolve`). Both are
 * pure; `domain/account/accounts.ts` brings them to the event store. Amounts are positive integers in minor units.
 */
export type AccountState =
  | { readonly status: 'none' }
  | {
      readonly status: 'open' | 'frozen' | 'closed'
      readonly ownerId: string
      readonly currency: string
      readonly balanceMinor: number
    }

export interface Money {
  readonly amountMinor: number
  readonly currency: string
}

export type AccountCommand =
  | { readonly kind: 'open'; readonly ownerId: string; readonly currency: string }
  | ({ readonly kind: 'deposit' | 'withdraw'; readonly transferId?: string } & Money)
  /** Gives back what a transfer withdrew: it is owed, so no state of the account stands in its way. */
  | ({ readonly kind: 'return'; readonly transferId: string } & Money)
  | { readonly kind: 'freeze' | 'unfreeze' | 'close' }

export type AccountEvent =
  | { readonly type: 'AccountOpened'; readonly data: { ownerId: string; currency: string } }
  | {
      readonly type: 'MoneyDeposited' | 'MoneyWithdrawn' | 'MoneyReturned'
      readonly data: Money & { transferId?: string }
    }
  | { readonly type: 'AccountFrozen' | 'AccountUnfrozen' | 'AccountClosed'; readonly data: object }

const TYPES: Record<AccountEvent['type'], true> = {
  AccountOpened: true,
  MoneyDeposited: true,
  MoneyWithdrawn: true,
  MoneyReturned: true,
  AccountFrozen: true,
  AccountUnfrozen: true,
  AccountClosed: true,
}

export type AccountRefusal =
  | 'ACCOUNT_NOT_FOUND'
  | 'ACCOUNT_EXISTS'
  | 'ACCOUNT_CLOSED'
  | 'ACCOUNT_FROZEN'
  | 'ACCOUNT_NOT_FROZEN'
  | 'CURRENCY_MISMATCH'
  | 'INSUFFICIENT_FUNDS'
  | 'BALANCE_TOO_LARGE'
  | 'BALANCE_NOT_ZERO'

export type Decision =
  | { readonly kind: 'accepted'; readonly events: readonly AccountEvent[] }
  | { readonly kind: 'refused'; readonly code: AccountRefusal }

export const NO_ACCOUNT: AccountState = { status: 'none' }

const accepted = (...events: AccountEvent[]): Decision => ({ kind: 'accepted', events })
const refused = (code: AccountRefusal): Decision => ({ kind: 'refused', code })

export function decide(command: AccountCommand, state: AccountState): Decision {
  if (command.kind === 'open') {
    const { ownerId, currency } = command
    if (state.status !== 'none') return refused('ACCOUNT_EXISTS')
    return accepted({ type: 'AccountOpened', data: { ownerId, currency } })
  }
  if (state.status === 'none') return refused('ACCOUNT_NOT_FOUND')
  switch (command.kind) {
    case 'return':
      return moving('MoneyReturned', command, state)
    case 'deposit':
    case 'withdraw':
      if (state.status === 'closed') return refused('ACCOUNT_CLOSED')
      if (state.status === 'frozen') return refused('ACCOUNT_FROZEN')
      if (command.kind === 'deposit') return moving('MoneyDeposited', command, state)
      if (command.currency === state.currency && command.amountMinor > state.balanceMinor)
        return refused('INSUFFICIENT_FUNDS')
      return moving('MoneyWithdrawn', command, state)
    case 'freeze':
      if (state.status === 'closed') return refused('ACCOUNT_CLOSED')
      return state.status === 'frozen' ? accepted() : accepted({ type: 'AccountFrozen', data: {} })
    case 'unfreeze':
      if (state.status !== 'frozen') return refused('ACCOUNT_NOT_FROZEN')
      return accepted({ type: 'AccountUnfrozen', data: {} })
    case 'close':
      if (state.status === 'closed') return accepted()
      if (state.balanceMinor !== 0) return refused('BALANCE_NOT_ZERO')
      return accepted({ type: 'AccountClosed', data: {} })
  }
}

function moving(
  type: 'MoneyDeposited' | 'MoneyWithdrawn' | 'MoneyReturned',
  { amountMinor, currency, transferId }: Money & { transferId?: string },
  state: Exclude<AccountState, { status: 'none' }>,
): Decision {
  if (currency !== state.currency) return refused('CURRENCY_MISMATCH')
  if (type !== 'MoneyWithdrawn' && !Number.isSafeInteger(state.balanceMinor + amountMinor))
    return refused('BALANCE_TOO_LARGE')
  return accepted({
    type,
    data: { amountMinor, currency, ...(transferId === undefined ? {} : { transferId }) },
  })
}

/**
 * What an account is after one more event of its stream.
 * @throws Fault NEWER_EVENT for a type that it does not know: nothing may be decided on a balance that leaves it out.
 */
export function evolve(state: AccountState, { type, data }: { type: string; data: unknown }): AccountState {
  if (!Object.hasOwn(TYPES, type)) throw newerEvent(type)
  const event = { type, data } as AccountEvent
  if (event.type === 'AccountOpened') return { status: 'open', ...event.data, balanceMinor: 0 }
  if (state.status === 'none') return state
  switch (event.type) {
    case 'MoneyDeposited':
    case 'MoneyReturned':
      return { ...state, balanceMinor: state.balanceMinor + event.data.amountMinor }
    case 'MoneyWithdrawn':
      return { ...state, balanceMinor: state.balanceMinor - event.data.amountMinor }
    case 'AccountFrozen':
      return { ...state, status: 'frozen' }
    case 'AccountUnfrozen':
      return { ...state, status: 'open' }
    case 'AccountClosed':
      return { ...state, status: 'closed' }
  }
}
