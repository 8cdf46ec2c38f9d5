import { api } from '../../api.ts'
import { titleOf } from '../../saga/words.ts'
import type { FailureGroup } from './group.ts'

/** A step as the newest definition that has it describes it; undefined while that is read, and of an unknown step. */
export function useStep(kind: FailureGroup['kind'] | undefined, name: string | undefined) {
  const { data } = api.useQuery(
    'get',
    '/sagas',
    {},
    { staleTime: Number.POSITIVE_INFINITY, refetchInterval: false },
  )
  return data?.data
    .filter((saga) => kind === undefined || saga.kind === kind)
    .flatMap(({ steps }) => steps)
    .findLast((step) => step.name === name)
}

/**
 * What is parked, e.g. `Refund payment`: a compensatable step that cannot be done is given up, so that what is parked
 * of it is its compensation.
 */
export function useParkedTitle(kind: FailureGroup['kind'] | undefined, name: string | undefined) {
  const step = useStep(kind, name)
  return name === undefined ? undefined : titleOf(step?.compensation ?? name)
}

/** What failed: of what is parked, what is to be tried again; of what was rejected, the step that was refused. */
export function useTitle({ state, kind, step }: Pick<FailureGroup, 'state' | 'kind' | 'step'>): string {
  const parked = useParkedTitle(kind, step)
  return (state === 'parked' ? parked : undefined) ?? titleOf(step)
}
