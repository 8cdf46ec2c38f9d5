import { DefaultLogger, Runtime } from '@temporalio/worker'
import type { Logger } from 'pino'

/** A worker for a participant's queue has no workflows on purpose. */
const ON_PURPOSE = /^No workflows registered/

/** Sends what Temporal's runtime has to say to our log, and leaves the signals to the process that drains. */
export function installRuntime(log: Logger): void {
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      if (ON_PURPOSE.test(message)) return
      log[level === 'ERROR' ? 'error' : 'warn']({ component: meta?.['sdkComponent'] }, message)
    }),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  })
}
