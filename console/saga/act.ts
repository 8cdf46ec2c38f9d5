import { client } from '../api.ts'
import type { components } from '../api-types.ts'
import type { Action } from '../identity/access.ts'
import type { SagaAction } from './why-not.ts'

export type SagaKind = components['schemas']['ParkedStep']['kind']

/** By which route each is done. A return is not cancelled: it is refused. */
export const ROUTES = {
  order: {
    retry: 'POST /operations/orders/{id}/retry',
    skip: 'POST /operations/orders/{id}/skip',
    cancel: 'POST /orders/{id}/cancel',
  },
  transfer: {
    retry: 'POST /operations/transfers/{id}/retry',
    skip: 'POST /operations/transfers/{id}/skip',
    cancel: 'POST /transfers/{id}/cancel',
  },
  return: {
    retry: 'POST /operations/returns/{id}/retry',
    skip: 'POST /operations/returns/{id}/skip',
  },
} as const satisfies Record<SagaKind, Partial<Record<SagaAction, Action>>>

export interface Act {
  kind: SagaKind
  id: string
  action: SagaAction
  /** Which of its parked steps: all of them, where a retry names none. */
  step: string | undefined
  reason: string
}

/** Does to a saga what an operator may do to it. @throws ApiProblem when it is not, or no longer, possible. */
export async function actOn({ kind, id, action, step = '', reason }: Act): Promise<void> {
  const params = { path: { id } }
  if (action === 'cancel') {
    if (kind === 'return') throw new Error('A return is not cancelled, but refused.')
    await client.POST(`/${kind}s/{id}/cancel`, { params, body: { reason } })
  } else if (action === 'retry') {
    const body = step === '' ? { reason } : { step, reason }
    await client.POST(`/operations/${kind}s/{id}/retry`, { params, body })
  } else {
    await client.POST(`/operations/${kind}s/{id}/skip`, { params, body: { step, reason } })
  }
}
