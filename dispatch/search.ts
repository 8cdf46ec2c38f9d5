import type { Logger } from 'pino'
import type { Orphans, Unmoved } from './orphans.ts'
import type { Workflows } from './workflows.ts'

/** Sagas looked for in one round, which comes each second: so many workflows are restarted in a second at most. */
const ROUND_MAX = 20

/** So many orphans in one round are no accident of a single saga: Temporal has lost workflows. */
const MANY = 10

export interface SearchOptions {
  workflows: Pick<Workflows, 'find'>
  orphans: Pick<Orphans, 'take' | 'foundOpen' | 'restart'>
  /** A restart is noted, and waits to be started. */
  onRestart: () => void
  /** How many came of a round. */
  onFound?: (verdict: 'restarted' | 'parked', count: number) => void
  log: Logger
}

/** Looks for the workflows of sagas that have not moved, and has those restarted that are gone. */
export function createOrphanSearch({ workflows, orphans, onRestart, onFound, log }: SearchOptions) {
  const lookFor = async (saga: Unmoved) => {
    const found = await workflows.find(saga)
    if (found !== 'OPEN') return { id: saga.id, found, verdict: await orphans.restart(saga, found) }
    await orphans.foundOpen(saga)
    return undefined
  }

  const report = (gone: readonly { id: string; found: string; verdict: string }[]): void => {
    for (const verdict of ['restarted', 'parked'] as const) {
      const those = gone.filter((saga) => saga.verdict === verdict)
      if (those.length === 0) continue
      onFound?.(verdict, those.length)
      const level = verdict === 'parked' || those.length >= MANY ? 'error' : 'warn'
      const sagas = those.slice(0, MANY).map(({ id, found }) => ({ id, found }))
      log[level](
        { count: those.length, sagas },
        `workflows were gone while their sagas had work left: ${verdict}`,
      )
    }
  }

  return {
    /**
     * One round.
     * @throws when a saga could not be looked for: a Temporal that is away says nothing of its workflows.
     */
    async look(): Promise<void> {
      const [first, ...rest] = await orphans.take(ROUND_MAX)
      if (first === undefined) return
      // The first is looked for alone, so that a Temporal that is away is asked once.
      const looked = [await lookFor(first)]
      const others = await Promise.allSettled(rest.map(lookFor))
      for (const other of others) if (other.status === 'fulfilled') looked.push(other.value)
      const gone = looked.filter((saga) => saga !== undefined)
      if (gone.length > 0) onRestart()
      report(gone)
      const failed = others.find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw failed.reason
    },
  }
}
