import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long a process may take to obey a signal before the next one is sent. */
const PATIENCE_MS = 10_000

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The command line of a process, with blanks between its words; empty when there is no such process. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    // A system without /proc.
    return spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? ''
  }
}

/** Sends the signals one after the other, each only to a process that the one before it did not end. */
export async function stopPid(pid: number, signals: readonly NodeJS.Signals[]): Promise<void> {
  for (const signal of signals) {
    if (isAlive(pid)) process.kill(pid, signal)
    for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += 50) {
      if (!isAlive(pid)) return
      await sleep(50)
    }
  }
}

/**
 * Notes which process a server is. One that cannot be noted, e.g. on a full disk, is stopped: it would keep its port.
 */
export async function keepPid(pidFile: string, pid: number): Promise<void> {
  try {
    await writeFile(pidFile, String(pid))
  } catch (error) {
    await stopPid(pid, ['SIGTERM', 'SIGKILL'])
    throw error
  }
}

/**
 * Stops the server that a killed supervisor left running with its files open: the process that `pidFile` names, if its
 * command line has all of `marks`.
 */
export async function stopLeftOver(pidFile: string, marks: readonly string[]): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''))
  if (pid === 0 || Number.isNaN(pid) || !isAlive(pid)) return
  const command = commandOf(pid)
  if (marks.every((mark) => command.includes(mark))) await stopPid(pid, ['SIGTERM', 'SIGKILL'])
}
