import { DefaultLogger, Runtime } from '@temporalio/worker'
import type { Logger } from 'pino'
import { logFieldsOf } from '../domain/saga/ids.ts'

/** A worker for a participant's queue has no workflows on purpose. */
const ON_PURPOSE = /^No workflows registered/

/** Where the runtime shows its own metrics: to this process alone, which shows them with its own. */
export interface RuntimeMetrics {
  port: number
}

/** What the runtime shows there, as Prometheus reads it. @throws when it does not answer in time. */
export async function readRuntimeMetrics({ port }: RuntimeMetrics): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(1000) })
  return answer.ok ? answer.text() : ''
}

/** Sends what Temporal's runtime has to say to our log, and leaves the signals to the process that drains. */
export function installRuntime(log: Logger, metrics?: RuntimeMetrics): void {
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      if (ON_PURPOSE.test(message)) return
      const { sdkComponent: component, workflowId, activityType: activity } = meta ?? {}
      const fields = { component, activity, ...logFieldsOf(String(workflowId)) }
      log[level === 'ERROR' ? 'error' : 'warn'](fields, message)
    }),
    telemetryOptions: {
      logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} },
      ...(metrics === undefined
        ? {}
        : {
            metrics: {
              prometheus: {
                bindAddress: `127.0.0.1:${metrics.port}`,
                countersTotalSuffix: true,
                unitSuffix: true,
                useSecondsForDurations: true,
              },
            },
          }),
    },
  })
}
