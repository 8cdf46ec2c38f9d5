import type { Transfer } from '../../api.ts'
import { SagaActions, type ActWords } from '../../saga/saga-actions.tsx'
import type { SagaAction } from '../../saga/why-not.ts'

const WORDS: Record<SagaAction, ActWords> = {
  cancel: {
    title: 'Cancel this transfer?',
    action: 'Cancel the transfer',
    text: 'If the money was withdrawn, it is returned to the source, and the transfer ends cancelled. If it was deposited already, this is refused.',
    done: 'The cancellation is recorded.',
  },
  retry: {
    title: 'Try the parked step again?',
    action: 'Retry',
    text: 'It is tried again at once. Each account accepts a transfer once: what was done already is found, not done twice.',
    done: 'It is tried again now.',
  },
  skip: {
    title: 'Give up the parked step?',
    action: 'Give it up',
    text: 'What it would have settled is written off, and the transfer ends without it. This cannot be taken back.',
    done: 'It is written off.',
  },
}

export const TransferActions = ({ transfer }: { transfer: Transfer }) => (
  <SagaActions kind="transfer" saga={transfer} wordsOf={(action, step) => wordsOf(transfer, action, step)} />
)

const wordsOf = ({ id }: Transfer, action: SagaAction, step: string): ActWords => ({
  ...WORDS[action],
  text: (
    <>
      Transfer <code>{id}</code>
      {action === 'cancel' || step === '' ? '' : `, step ${step}`}. {WORDS[action].text}
    </>
  ),
})
