import { appendFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { keepRunning, type Server } from '../../stack/keep-running.ts'
import { isAlive } from '../../stack/pids.ts'
import type { Kept } from '../../stack/process-desk.ts'
import { supervise } from '../../stack/supervisor.ts'
import { until } from '../../test/harness/poll.ts'
import { asEnvironment, type Settings } from './settings.ts'

/** The processes of a contestant: started again when they die, with what they print in a file of the folder. */
export function createParts(folder: string) {
  const parts: (Kept & { stop(): Promise<void> })[] = []
  const logTo = (name: string) => (line: string) =>
    appendFileSync(path.join(folder, `${name.replaceAll(' ', '-')}.log`), `${line}\n`)

  /** Kills a process, and waits for the next one. */
  const kill = async (part: Kept) => {
    const killed = part.pid()
    if (killed !== undefined && isAlive(killed)) process.kill(killed, 'SIGKILL')
    await until(`${part.name} to be started again`, () => {
      const pid = part.pid()
      return pid === killed ? undefined : pid
    })
  }

  return {
    /** @param entry the file that Node runs. */
    run(name: string, entry: string, settings: Partial<Settings>, env: Record<string, string> = {}): void {
      const environment = { NODE_ENV: 'production', ...asEnvironment(settings), ...env }
      parts.push(supervise({ name, entry, env: environment, onLine: logTo(name) }))
    },
    async keep<Started extends Server>(name: string, start: () => Promise<Started>): Promise<Started> {
      const { first, kept } = await keepRunning(name, start, logTo(name))
      parts.push(kept)
      return first
    },
    list: () =>
      parts.flatMap(({ name, pid }) => {
        const running = pid()
        return running === undefined ? [] : [{ name, pid: running }]
      }),
    async crash(isVictim: (name: string) => boolean): Promise<void> {
      await Promise.all(parts.filter(({ name }) => isVictim(name)).map(kill))
    },
    /** In the reverse of the order in which they were started. */
    stop: async (): Promise<void> => {
      for (const part of parts.splice(0).reverse()) await part.stop()
    },
  }
}

export type Parts = ReturnType<typeof createParts>
