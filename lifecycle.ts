import type { Logger } from 'pino'

/** How long a process may take to finish what is in hand before it ends anyway. */
const DRAIN_MAX_MS = 20_000

/**
 * Runs `drain` once, on SIGTERM or Ctrl-C, and then ends the process. A supervised process also drains when its
 * supervisor is gone: the other end of its standard input then closes.
 */
export function onShutdown(log: Logger, isSupervised: boolean, drain: () => Promise<void>): void {
  let isDraining = false
  const shutDown = (why: string) => {
    if (isDraining) return
    isDraining = true
    log.info({ why }, 'draining')
    setTimeout(() => {
      log.error({ afterMs: DRAIN_MAX_MS }, 'not drained in time')
      process.exit(1)
    }, DRAIN_MAX_MS).unref()
    drain().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error(error, 'drain failed')
        process.exit(1)
      },
    )
  }
  process.once('SIGTERM', () => shutDown('SIGTERM'))
  process.once('SIGINT', () => shutDown('SIGINT'))
  if (!isSupervised) return
  process.stdin.once('end', () => shutDown('parent gone')).resume()
}
