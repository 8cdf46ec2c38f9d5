import { actOn } from '../../saga/act.ts'
import { shortId } from '../../ui/id.tsx'
import { formatMoney } from '../../ui/money.tsx'
import { ReasonDialog } from '../../ui/reason-dialog.tsx'
import { useAction } from '../../ui/use-action.ts'
import { sagaIdOf, type ParkedStep } from './parked.ts'
import { useParkedTitle } from './use-step.ts'

export type StepAct = 'retry' | 'skip'

export interface StepDialogProps {
  act: StepAct
  step: ParkedStep
  currency: string | undefined
  onClose: () => void
}

const WORDS = {
  retry: {
    title: 'Try again',
    action: 'Retry',
    done: 'It is tried again now.',
    what: 'It is tried again at once, with the same key: what was done already is found, not done twice.',
  },
  skip: {
    title: 'Give up',
    action: 'Give it up',
    done: 'It is written off, and the saga goes on.',
    what: 'What it would have settled is written off, and the saga goes on without it. This cannot be taken back.',
  },
}

/** Acts on one parked step. */
export function StepDialog({ act, step, currency, onClose }: StepDialogProps) {
  const { title, action, done, what } = WORDS[act]
  const name = (useParkedTitle(step.kind, step.step) ?? '').toLowerCase()
  const id = sagaIdOf(step)
  const acting = useAction({
    act: (reason: string) => actOn({ kind: step.kind, id, action: act, step: step.step, reason }),
    done,
    onDone: onClose,
  })
  return (
    <ReasonDialog
      title={`${title} ${name}?`}
      action={action}
      isDanger={act === 'skip'}
      isBusy={acting.isPending}
      error={acting.error}
      onClose={onClose}
      onConfirm={(reason) => acting.mutate(reason)}
    >
      <p>
        One step: {name} of {step.kind} <code title={id}>{shortId(id)}</code>
        {currency === undefined ? '' : `, worth ${formatMoney(step.amountMinor, currency)}`}, tried{' '}
        {step.attempts} times.
      </p>
      <p>{what}</p>
    </ReasonDialog>
  )
}
