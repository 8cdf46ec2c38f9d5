import type { Order } from '../../api.ts'
import { SagaActions, type ActWords } from '../../saga/saga-actions.tsx'
import type { SagaAction } from '../../saga/why-not.ts'

export const OrderActions = ({ order }: { order: Order }) => (
  <SagaActions kind="order" saga={order} wordsOf={wordsOf} />
)

function wordsOf(action: SagaAction, step: string): ActWords {
  switch (action) {
    case 'cancel':
      return {
        title: 'Cancel this order?',
        action: 'Cancel the order',
        text: 'Everything that it has done is undone in reverse order, and it ends cancelled.',
        done: 'The cancellation is recorded.',
      }
    case 'retry':
      return {
        title: `Retry ${step}?`,
        action: 'Retry',
        text: 'It is tried again at once, with the same key: what was done already is found, not done twice.',
        done: 'It is tried again now.',
      }
    case 'skip':
      return {
        title: `Give up ${step}?`,
        action: 'Give it up',
        text: `The order continues without “${step}”, and what that would have settled is written off. This cannot be taken back.`,
        done: 'It is written off, and the order continues.',
      }
  }
}
