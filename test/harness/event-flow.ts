import type { Logger } from 'pino'
import { Registry } from 'prom-client'
import { LOOKS_UP_BY_KEY, openPool } from '../../postgres.ts'
import { sqlOf } from '../../events/store/sql.ts'
import { openTransport } from '../../events/broker/open-transport.ts'
import type { Projection } from '../../read-models/projection.ts'
import { PROJECTIONS } from '../../read-models/registry.ts'
import { createProjectorMetrics } from '../../read-models/projector-metrics.ts'
import { startProjector } from '../../read-models/projector.ts'
import { createRelayMetrics } from '../../events/outbox/relay-metrics.ts'
import { startRelay } from '../../events/outbox/relay.ts'
import { createLogger } from '../../logger.ts'
import { createSagaLog } from '../../workers/saga-log.ts'
import { createSagaMetrics } from '../../workers/saga-metrics.ts'

/** Relay, broker and projector in this process. */
export interface EventFlow {
  metrics: Registry
  stop(): Promise<void>
}

export interface EventFlowOptions {
  /** The database as the projector reaches it, given where it really is. */
  projectorUrl?: (url: string) => Promise<string>
  projections?: readonly Projection[]
  /** Where the relay logs; nowhere unless said otherwise. */
  log?: Logger
}

export async function startEventFlow(
  url: string,
  {
    projectorUrl,
    projections = PROJECTIONS,
    log = createLogger('relay', { LOG_LEVEL: 'silent' }),
  }: EventFlowOptions = {},
): Promise<EventFlow> {
  const onTrouble = () => undefined
  const metrics = new Registry()
  const readUrl = (await projectorUrl?.(url)) ?? url
  const [out, back] = await Promise.all(
    [url, readUrl].map((place) => openTransport({ kind: 'postgres', url: place }, onTrouble)),
  )
  if (out === undefined || back === undefined) throw new Error('there is no broker')
  const relayPool = openPool(url, { max: 1, name: 'test-relay' })
  const pool = openPool(readUrl, { max: 4, name: 'test-projector', settings: LOOKS_UP_BY_KEY })
  const countSagas = createSagaMetrics(metrics)
  const sagaLog = createSagaLog({ db: sqlOf(relayPool), log })
  const relay = startRelay({
    url,
    transport: out,
    metrics: createRelayMetrics(metrics, sqlOf(relayPool)),
    onPublished(events) {
      countSagas(events)
      sagaLog.onPublished(events)
    },
    onTrouble,
  })
  const projector = startProjector({
    url: readUrl,
    pool,
    transport: back,
    projections,
    metrics: createProjectorMetrics(metrics, sqlOf(pool), projections),
    onTrouble,
  })
  return {
    metrics,
    async stop() {
      await projector.stop()
      await relay.stop()
      await sagaLog.settled()
      await Promise.all([out.close(), back.close(), pool.end(), relayPool.end()])
    },
  }
}
