import { useState, type ReactNode } from 'react'
import type { Step } from '../api.ts'
import type { Action } from '../identity/access.ts'
import { useIsStaff, useLack } from '../identity/principal.tsx'
import { Button } from '../ui/button.tsx'
import { ReasonDialog } from '../ui/reason-dialog.tsx'
import { useAction } from '../ui/use-action.ts'
import { actOn, ROUTES, type SagaKind } from './act.ts'
import { useOutlines } from './use-outlines.ts'
import { isParked, parkedTitle, whyNot, type SagaAction, type SagaStatus } from './why-not.ts'

/** What a dialog says before something is done, and after. */
export interface ActWords {
  title: string
  /** The word on the button that does it. */
  action: string
  text: ReactNode
  done: string
}

export interface SagaActionsProps {
  kind: SagaKind
  saga: { id: string; definition: string; status: SagaStatus; steps: readonly Step[] }
  /** @param step what is parked, e.g. `refund payment`; empty where nothing is. */
  wordsOf: (action: SagaAction, step: string) => ActWords
}

const ACTIONS = ['retry', 'skip', 'cancel'] as const satisfies readonly SagaAction[]

/** What may be done to a saga now, and why the rest may not. What operators alone do is not shown to customers. */
export function SagaActions({ kind, saga, wordsOf }: SagaActionsProps) {
  const [open, setOpen] = useState<SagaAction | undefined>()
  const lack = useLack()
  const isStaff = useIsStaff()
  const routes: Partial<Record<SagaAction, Action>> = ROUTES[kind]
  const buttons: Record<SagaAction, string> = {
    retry: 'Retry',
    skip: 'Give up step',
    cancel: `Cancel ${kind}`,
  }
  return (
    <div className="row">
      {ACTIONS.filter((action) => isStaff || action === 'cancel').map((action) => {
        const route = routes[action]
        if (route === undefined) return undefined
        const why = lack(route) ?? whyNot(action, saga)
        return (
          <Button
            key={action}
            look={lookOf(action, why === undefined)}
            disabled={why !== undefined}
            title={why}
            onClick={() => setOpen(action)}
          >
            {buttons[action]}
          </Button>
        )
      })}
      {open === undefined ? undefined : (
        <ActDialog
          action={open}
          kind={kind}
          saga={saga}
          wordsOf={wordsOf}
          onClose={() => setOpen(undefined)}
        />
      )}
    </div>
  )
}

function lookOf(action: SagaAction, isPossible: boolean) {
  if (action === 'cancel') return 'danger'
  return action === 'retry' && isPossible ? 'primary' : 'plain'
}

interface ActDialogProps extends SagaActionsProps {
  action: SagaAction
  onClose: () => void
}

function ActDialog({ action, kind, saga: { id, definition, steps }, wordsOf, onClose }: ActDialogProps) {
  const { compensationOf } = useOutlines(definition)
  const parked = steps.find((step) => isParked(step))
  const step = action === 'skip' ? parked?.name : undefined
  const words = wordsOf(action, parked === undefined ? '' : parkedTitle(parked, compensationOf))
  const acting = useAction({
    act: (reason: string) => actOn({ kind, id, action, step, reason }),
    done: words.done,
    onDone: onClose,
  })
  return (
    <ReasonDialog
      title={words.title}
      action={words.action}
      isDanger={action !== 'retry'}
      isBusy={acting.isPending}
      error={acting.error}
      onClose={onClose}
      onConfirm={(reason) => acting.mutate(reason)}
    >
      <p>{words.text}</p>
    </ReasonDialog>
  )
}
