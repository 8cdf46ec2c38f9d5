import { readdirSync, readFileSync } from 'node:fs'

/** What the processes of this machine have used, by proc(5): on Linux alone. */

const TICK_MS = 10

/** Fields of /proc/<pid>/stat, counted from 0 after the name of the command. */
const FIELDS = { parent: 1, user: 11, system: 12, childrenUser: 13, childrenSystem: 14 }

/** User and system time in milliseconds of a process and of its children that have ended; 0 once it has ended itself. */
export function cpuMsOf(pid: number): number {
  const fields = statOf(pid)
  const { user, system, childrenUser, childrenSystem } = FIELDS
  return [user, system, childrenUser, childrenSystem].reduce(
    (sum, field) => sum + Number(fields[field] ?? 0) * TICK_MS,
    0,
  )
}

/** Of a process and its children: PostgreSQL works in a process for each connection. */
export const cpuMsOfFamily = (pid: number): number =>
  childrenOf(pid).reduce((sum, child) => sum + cpuMsOf(child), cpuMsOf(pid))

/** Memory of a process and its children in MiB; pages that they share are counted once (proportional set size). */
export const memoryOfFamily = (pid: number): number =>
  [pid, ...childrenOf(pid)].reduce((sum, each) => sum + memoryOf(each), 0)

function memoryOf(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => Number(statOf(pid)[FIELDS.parent]) === parent)
}

/** Nothing of a process that has ended. */
function statOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  } catch {
    return []
  }
}
