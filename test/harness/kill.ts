import { until } from './poll.ts'

/** Kills a process with SIGKILL once it runs: one that was killed before may not be back yet. */
export async function killHard(what: string, pid: () => number | undefined): Promise<void> {
  process.kill(await until(`${what} to run`, pid), 'SIGKILL')
}
