/** The code that the tour shows, as it was when the console was built. */
export const SOURCES: Readonly<Record<string, () => Promise<{ default: string }>>> = {
  'domain/payment/charge-payment.ts': () => import('../../../domain/payment/charge-payment.ts?raw'),
  'domain/provider/guard.ts': () => import('../../../domain/provider/guard.ts?raw'),
  'domain/saga/provider-step.ts': () => import('../../../domain/saga/provider-step.ts?raw'),
  'choreography/follow.ts': () => import('../../../choreography/follow.ts?raw'),
  'workflows/order/steps.ts': () => import('../../../workflows/order/steps.ts?raw'),
  'workflows/saga/policies.ts': () => import('../../../workflows/saga/policies.ts?raw'),
  'workflows/saga/run-saga.ts': () => import('../../../workflows/saga/run-saga.ts?raw'),
}
