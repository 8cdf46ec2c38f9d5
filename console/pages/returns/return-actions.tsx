import { useState } from 'react'
import type { Return } from '../../api.ts'
import { useIsStaff, useLack } from '../../identity/principal.tsx'
import { SagaActions, type ActWords } from '../../saga/saga-actions.tsx'
import type { SagaAction } from '../../saga/why-not.ts'
import { Button } from '../../ui/button.tsx'
import { DecisionDialog, type Verb } from './decision-dialog.tsx'
import { ParcelButton } from './parcel-button.tsx'
import { isAwaited } from './words.ts'

/** What may be done to a return now: it is decided first, and a step of it may be parked then. */
export function ReturnActions({ of }: { of: Return }) {
  const isStaff = useIsStaff()
  if (!isStaff) return null
  return (
    <div className="row">
      {of.status === 'requested' ? (
        <Decisions of={of} />
      ) : (
        <SagaActions kind="return" saga={of} wordsOf={wordsOf} />
      )}
      {isAwaited(of) && of.parcelReceivedAt === null ? <ParcelButton id={of.id} /> : undefined}
    </div>
  )
}

function Decisions({ of }: { of: Return }) {
  const [open, setOpen] = useState<Verb | undefined>()
  const lack = useLack()
  const noApproval = lack('POST /operations/returns/{id}/approve')
  const noRefusal = lack('POST /operations/returns/{id}/refuse')
  return (
    <>
      <Button
        look="primary"
        disabled={noApproval !== undefined}
        title={noApproval}
        onClick={() => setOpen('approve')}
      >
        Approve
      </Button>
      <Button
        look="danger"
        disabled={noRefusal !== undefined}
        title={noRefusal}
        onClick={() => setOpen('refuse')}
      >
        Refuse
      </Button>
      {open === undefined ? undefined : (
        <DecisionDialog verb={open} of={of} onClose={() => setOpen(undefined)} />
      )}
    </>
  )
}

/** A return is not cancelled, so that nothing is said of it. */
const wordsOf = (action: SagaAction, step: string): ActWords =>
  action === 'skip'
    ? {
        title: `Give up ${step}?`,
        action: 'Give it up',
        text: `The return ends without “${step}”, and what that would have settled is written off. This cannot be taken back.`,
        done: 'It is written off.',
      }
    : {
        title: `Retry ${step}?`,
        action: 'Retry',
        text: 'It is tried again at once, with the same key: what was done already is found, not done twice.',
        done: 'It is tried again now.',
      }
