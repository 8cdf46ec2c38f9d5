import type { components } from '../../api-types.ts'

type Saga = components['schemas']['SagaList']['data'][number]

/**
 * The steps that can be paused, by kind of saga: of every definition, since sagas that were placed earlier run by
 * older ones. A name stands for its step in all of them. They are in the order in which they run: a step that only some
 * definitions have stands before the step that follows it there.
 */
export function pausableSteps(
  sagas: readonly Pick<Saga, 'kind' | 'steps'>[],
): { kind: string; steps: string[] }[] {
  const byKind = new Map<string, string[]>()
  for (const { kind, steps } of sagas) {
    const names = byKind.get(kind) ?? []
    for (const [index, { name }] of steps.entries()) {
      if (names.includes(name)) continue
      const next = steps.slice(index + 1).find((later) => names.includes(later.name))
      names.splice(next === undefined ? names.length : names.indexOf(next.name), 0, name)
    }
    byKind.set(kind, names)
  }
  return [...byKind].map(([kind, steps]) => ({ kind, steps }))
}
