import process from 'node:process'

/**
 * Runs work to its end, or until the process is asked to stop, e.g. by Ctrl-C.
 * @param work ends soon after its signal, and leaves nothing half done.
 * @throws Error that names the signal where it was stopped.
 */
export async function untilStopped<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => stopping.abort(new Error(`Stopped by ${signal}: nothing was done.`)))
  try {
    return await work(stopping.signal)
  } catch (error) {
    throw stopping.signal.aborted ? stopping.signal.reason : error
  }
}
