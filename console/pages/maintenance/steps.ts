import type { components } from '../../api-types.ts'

type Saga = components['schemas']['SagaList']['data'][number]

/**
 * The steps that can be paused, by kind of saga: of every definition, since sagas that were placed earlier run by
 * older ones. A name stands for its step in all of them.
 */
export function pausableSteps(
  sagas: readonly Pick<Saga, 'kind' | 'steps'>[],
): { kind: string; steps: string[] }[] {
  const byKind = new Map<string, Set<string>>()
  for (const { kind, steps } of sagas) {
    const names = byKind.get(kind) ?? new Set()
    for (const { name } of steps) names.add(name)
    byKind.set(kind, names)
  }
  return [...byKind].map(([kind, names]) => ({ kind, steps: [...names] }))
}
