// Stops the servers of others when the process that started them has ended in whatever way: what is killed cannot stop
// anything. It reads orders, one a line: `guard <pid> <signal>` and `release <pid>`; the end of its input is the end of
// that process. It runs as plain JavaScript, so that it is small and there at once.
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

/** A server has this long to obey before it is killed. */
const PATIENCE_MS = 10_000

/** @type {Map<number, string>} */
const guarded = new Map()

// It outlives the terminal, to stop what was started from it.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => undefined)

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [order, pid, signal] = line.split(' ')
    if (order === 'guard') guarded.set(Number(pid), signal ?? 'SIGTERM')
    else guarded.delete(Number(pid))
  })
  .on('close', async () => {
    for (const [pid, signal] of guarded) send(pid, signal)
    for (let waitedMs = 0; waitedMs < PATIENCE_MS && guarded.size > 0; waitedMs += 50) {
      await sleep(50)
      for (const pid of guarded.keys()) send(pid, 0)
    }
    for (const pid of guarded.keys()) send(pid, 'SIGKILL')
  })

/** Forgets what is gone. 0 only asks. @param {number} pid @param {string | 0} signal */
function send(pid, signal) {
  try {
    process.kill(pid, signal)
  } catch {
    guarded.delete(pid)
  }
}
