import { setTimeout as sleep } from 'node:timers/promises'
import { context, propagation, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-node'

/** Spans that wait to be sent. With a collector that is away or slow, those above it are dropped. */
const QUEUE_MAX = 8192
const BATCH_MAX = 512

/** How long a span waits to be sent with others: so much is lost when the process is killed. */
const SEND_EVERY_MS = 1000

/** A collector that does not answer by then has not got them. */
const SEND_MAX_MS = 5000

/** At its end a process waits so long for a collector. */
const FLUSH_MAX_MS = 2000

export interface SdkOptions {
  service: string
  /** Base URL of an OTLP/HTTP collector. */
  endpoint: string
  /** The share of traces that is recorded, of those that begin here: 0 to 1. */
  ratio: number
  onTrouble: (what: string, error: unknown) => void
}

/** The same exporter, which says when spans could not be sent. */
const reporting = (exporter: SpanExporter, onTrouble: SdkOptions['onTrouble']): SpanExporter => ({
  export(spans, done) {
    exporter.export(spans, (result) => {
      if (result.error !== undefined)
        onTrouble('spans could not be sent to the collector, and are dropped', result.error)
      done(result)
    })
  },
  forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  shutdown: () => exporter.shutdown(),
})

/** Loads OpenTelemetry's SDK behind its API, for this process. */
export function startSdk({ service, endpoint, ratio, onTrouble }: SdkOptions): () => Promise<void> {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    timeoutMillis: SEND_MAX_MS,
  })
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    // A trace is recorded as a whole or not at all: who began it decides.
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [
      new BatchSpanProcessor(reporting(exporter, onTrouble), {
        maxQueueSize: QUEUE_MAX,
        maxExportBatchSize: BATCH_MAX,
        scheduledDelayMillis: SEND_EVERY_MS,
        exportTimeoutMillis: SEND_MAX_MS,
      }),
    ],
  })
  provider.register()
  return async () => {
    // What goes wrong now was reported by the exporter.
    await Promise.race([
      provider.shutdown().catch(() => undefined),
      sleep(FLUSH_MAX_MS, undefined, { ref: false }),
    ])
    trace.disable()
    context.disable()
    propagation.disable()
  }
}
