import { useState } from 'react'
import type { Account } from '../../api.ts'
import { useIsStaff, useLack } from '../../identity/principal.tsx'
import { Button } from '../../ui/button.tsx'
import { ChangeDialog } from './change-dialog.tsx'
import { MoneyDialog } from './money-dialog.tsx'
import { whyNot, type AccountAction } from './why-not.ts'

const WORDS: Record<AccountAction, string> = {
  deposit: 'Deposit',
  withdraw: 'Withdraw',
  freeze: 'Freeze',
  unfreeze: 'Unfreeze',
  close: 'Close account',
}

/** What may be done to an account now, and why the rest may not: by staff, not by customers. */
export function AccountActions({ account }: { account: Account }) {
  const [open, setOpen] = useState<AccountAction | undefined>()
  const lack = useLack()
  const isStaff = useIsStaff()
  if (!isStaff) return null
  const close = () => setOpen(undefined)
  const actions = [
    'deposit',
    'withdraw',
    account.status === 'frozen' ? 'unfreeze' : 'freeze',
    'close',
  ] as const
  return (
    <div className="row">
      {actions.map((action) => {
        const why = lack(`POST /accounts/{id}/${action}`) ?? whyNot(action, account)
        return (
          <Button
            key={action}
            look={action === 'close' ? 'danger' : 'plain'}
            disabled={why !== undefined}
            title={why}
            onClick={() => setOpen(action)}
          >
            {WORDS[action]}
          </Button>
        )
      })}
      {open === 'deposit' || open === 'withdraw' ? (
        <MoneyDialog kind={open} account={account} onClose={close} />
      ) : open === undefined ? undefined : (
        <ChangeDialog kind={open} account={account} onClose={close} />
      )}
    </div>
  )
}
