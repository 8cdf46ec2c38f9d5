import { client } from '../api.ts'
import type { Action } from '../identity/access.ts'
import type { SagaAction } from './why-not.ts'

export interface Act {
  kind: 'order' | 'transfer'
  id: string
  action: SagaAction
  /** Which of its parked steps: all of them, where a retry names none. */
  step: string | undefined
  reason: string
}

/** The route by which it is done. */
export const routeOf = (kind: Act['kind'], action: SagaAction): Action =>
  action === 'cancel' ? `POST /${kind}s/{id}/cancel` : `POST /operations/${kind}s/{id}/${action}`

/** Does to a saga what an operator may do to it. @throws ApiProblem when it is not, or no longer, possible. */
export async function actOn({ kind, id, action, step = '', reason }: Act): Promise<void> {
  const params = { path: { id } }
  const isOrder = kind === 'order'
  if (action === 'cancel') {
    const init = { params, body: { reason } }
    await (isOrder ? client.POST('/orders/{id}/cancel', init) : client.POST('/transfers/{id}/cancel', init))
  } else if (action === 'retry') {
    const init = { params, body: step === '' ? { reason } : { step, reason } }
    await (isOrder
      ? client.POST('/operations/orders/{id}/retry', init)
      : client.POST('/operations/transfers/{id}/retry', init))
  } else {
    const init = { params, body: { step, reason } }
    await (isOrder
      ? client.POST('/operations/orders/{id}/skip', init)
      : client.POST('/operations/transfers/{id}/skip', init))
  }
}
