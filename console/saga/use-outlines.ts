import { useMemo } from 'react'
import { api } from '../api.ts'
import type { StepOutline } from './saga-map.tsx'

const NONE: readonly StepOutline[] = []

/** The steps of a definition, e.g. of `order@1`; none while they are read, or where the API does not know it. */
export function useOutlines(definition: string) {
  const { data } = api.useQuery(
    'get',
    '/sagas',
    {},
    { staleTime: Number.POSITIVE_INFINITY, refetchInterval: false },
  )
  return useMemo(() => {
    const outlines: readonly StepOutline[] =
      data?.data.find((saga) => saga.definition === definition)?.steps ?? NONE
    return {
      outlines,
      compensationOf: (step: string) => outlines.find(({ name }) => name === step)?.compensation ?? null,
    }
  }, [data, definition])
}
