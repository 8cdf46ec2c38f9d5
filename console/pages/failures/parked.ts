import type { components } from '../../api-types.ts'
import type { FailureGroup } from './group.ts'

export type ParkedStep = components['schemas']['ParkedStep']

/** The order, return or transfer that the step is of. */
export const sagaIdOf = ({ orderId, returnId, transferId }: ParkedStep): string =>
  orderId ?? returnId ?? transferId ?? ''

/** What the API's lists of parked steps are asked by. */
export const filterOf = ({ kind, step, code }: FailureGroup) => ({ kind, step, errorClass: code })

/** Why a step cannot be given up; undefined when it may be. @param kind what the definition says of it. */
export const whyNotGivenUp = (kind: string | undefined): string | undefined =>
  kind === 'pivot' ? 'The point of no return cannot be given up. It can only be tried again.' : undefined
