import type { components } from '../../api-types.ts'

export type Maintenance = components['schemas']['Maintenance']

/** What an operator wants it to be; what is not named stays as it is. */
export interface Draft {
  intake?: Maintenance['intake']
  breakers?: Partial<Maintenance['breakers']>
  pausedSteps?: readonly string[]
}

/** What it would be. */
export const withDraft = (now: Maintenance, { intake, breakers, pausedSteps }: Draft) => ({
  intake: intake ?? now.intake,
  breakers: { ...now.breakers, ...breakers },
  pausedSteps: [...(pausedSteps ?? now.pausedSteps)],
})

export interface Change {
  what: string
  before: string
  after: string
  /** What comes of it. */
  effect: string
}

/** One line for each thing that would change. @param titleOf of a step. */
export function changesOf(now: Maintenance, draft: Draft, titleOf: (step: string) => string): Change[] {
  const next = withDraft(now, draft)
  const changes: Change[] = []
  if (next.intake !== now.intake)
    changes.push({
      what: 'Intake',
      before: now.intake,
      after: next.intake,
      effect:
        next.intake === 'paused'
          ? 'New orders, returns and transfers are answered with 503. What was accepted continues.'
          : 'New orders, returns and transfers are accepted again.',
    })
  for (const provider of Object.keys(now.breakers) as (keyof Maintenance['breakers'])[]) {
    const [before, after] = [now.breakers[provider], next.breakers[provider]]
    if (before === after) continue
    changes.push({
      what: `Breaker of ${provider}`,
      before: BREAKER_WORDS[before],
      after: BREAKER_WORDS[after],
      effect:
        after === 'open'
          ? 'It is not called, forward or back. Orders and compensations that need it wait.'
          : 'It is called again as long as it answers. What waited continues within seconds.',
    })
  }
  const all = new Set([...now.pausedSteps, ...next.pausedSteps])
  for (const step of all) {
    const [was, is] = [now.pausedSteps.includes(step), next.pausedSteps.includes(step)]
    if (was === is) continue
    changes.push({
      what: titleOf(step),
      before: was ? 'paused' : 'runs',
      after: is ? 'paused' : 'runs',
      effect: is
        ? 'Sagas wait at it; before the point of no return, until their deadline. Its compensation still runs.'
        : 'Sagas that waited at it continue within seconds.',
    })
  }
  return changes
}

export const BREAKER_WORDS = { auto: 'automatic', open: 'held open' } as const

/** The body that asks for the draft: only what changes, since another operator may change the rest meanwhile. */
export function requestOf(now: Maintenance, draft: Draft) {
  const next = withDraft(now, draft)
  const breakers = Object.fromEntries(
    Object.entries(next.breakers).filter(
      ([provider, state]) => now.breakers[provider as keyof Maintenance['breakers']] !== state,
    ),
  )
  const [before, after] = [new Set(now.pausedSteps), new Set(next.pausedSteps)]
  return {
    ...(next.intake === now.intake ? {} : { intake: next.intake }),
    ...(Object.keys(breakers).length === 0 ? {} : { breakers }),
    ...(before.size === after.size && [...before].every((step) => after.has(step))
      ? {}
      : { pausedSteps: [...after] }),
  }
}
