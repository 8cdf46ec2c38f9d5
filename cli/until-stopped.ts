import process from 'node:process'

/**
 * Runs a command to its end, or until it is stopped, e.g. by Ctrl-C. What goes wrong is one line, and an exit code.
 * @param work ends soon after its signal, and leaves nothing half done.
 * @returns what is printed in the end.
 */
export async function untilStopped(work: (signal: AbortSignal) => Promise<string>): Promise<void> {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => stopping.abort(new Error(`Stopped by ${signal}: nothing was done.`)))
  try {
    process.stdout.write(`${await work(stopping.signal)}\n`)
  } catch (error) {
    const reason: unknown = stopping.signal.aborted ? stopping.signal.reason : error
    process.stderr.write(`${reason instanceof Error ? reason.message : String(reason)}\n`)
    process.exitCode = 1
  }
}
