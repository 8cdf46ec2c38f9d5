import type { Account } from '../../api.ts'

export type AccountAction = 'deposit' | 'withdraw' | 'freeze' | 'unfreeze' | 'close'

/** Why an action is not possible now; undefined when it is. */
export function whyNot(
  action: AccountAction,
  { status, balanceMinor }: Pick<Account, 'status' | 'balanceMinor'>,
): string | undefined {
  if (status === 'closed') return 'The account is closed for good.'
  switch (action) {
    case 'deposit':
      return status === 'frozen' ? 'The account is frozen.' : undefined
    case 'withdraw':
      if (status === 'frozen') return 'The account is frozen.'
      return balanceMinor === 0 ? 'The balance is zero.' : undefined
    case 'freeze':
      return status === 'frozen' ? 'The account is frozen already.' : undefined
    case 'unfreeze':
      return status === 'frozen' ? undefined : 'The account is not frozen.'
    case 'close':
      return balanceMinor === 0 ? undefined : 'Only an account with a balance of zero can be closed.'
  }
}
