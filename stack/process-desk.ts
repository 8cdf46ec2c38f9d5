import { question, type ProcessState, type SupervisorAnswer } from '../supervision.ts'

/** What is kept running here, be it of ours or of others. */
export interface Kept {
  readonly name: string
  /** Undefined while it is down. */
  pid: () => number | undefined
  /** How often it was started again. */
  restarts: () => number
  /** When it came up, or went down. */
  since: () => Date
}

/**
 * Answers a process of ours that asks its supervisor. Whatever it says, the supervisor goes on.
 * @param kept what may be listed and killed.
 */
export const createProcessDesk =
  (kept: () => readonly Kept[]) =>
  (message: unknown): SupervisorAnswer | undefined => {
    const { data: asked } = question.safeParse(message)
    switch (asked?.ask) {
      case 'list':
        return { id: asked.id, processes: kept().map(stateOf) }
      case 'kill':
        kill(kept().find(({ name }) => name === asked.name))
        return undefined
      case undefined:
        return undefined
    }
  }

const stateOf = ({ name, pid, restarts, since }: Kept): ProcessState => ({
  name,
  pid: pid() ?? null,
  restarts: restarts(),
  since: since().toISOString(),
})

function kill(victim: Kept | undefined): void {
  const pid = victim?.pid()
  if (pid === undefined) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended by itself.
  }
}
