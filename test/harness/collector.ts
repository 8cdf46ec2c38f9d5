import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { until } from './poll.ts'

/** A span, as a collector has got it. */
export interface SeenSpan {
  service: string
  name: string
  traceId: string
  spanId: string
  parentId: string | undefined
  /** The traces that it links to. */
  links: string[]
  attributes: Record<string, unknown>
  isFailed: boolean
}

export interface Collector {
  url: string
  /** All spans until now. */
  all(): readonly SeenSpan[]
  of(traceId: string): readonly SeenSpan[]
  /** Those of a trace, once it has them all. */
  waitFor(
    traceId: string,
    what: string,
    isComplete: (spans: readonly SeenSpan[]) => boolean,
  ): Promise<readonly SeenSpan[]>
  close(): void
}

interface OtlpSpan {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  links?: { traceId: string }[]
  attributes?: { key: string; value: Record<string, unknown> }[]
  status?: { code?: number }
}

interface OtlpRequest {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue: string } }[] }
    scopeSpans: { spans: OtlpSpan[] }[]
  }[]
}

/** A collector of OTLP over HTTP in this process, with all that it has got. */
export async function startCollector(): Promise<Collector> {
  const seen: SeenSpan[] = []
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      for (const { resource, scopeSpans } of (body as OtlpRequest).resourceSpans) {
        const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? ''
        seen.push(...scopeSpans.flatMap(({ spans }) => spans.map((span) => toSeen(service, span))))
      }
      response.setHeader('content-type', 'application/json').end('{}')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const of = (traceId: string) => seen.filter((span) => span.traceId === traceId)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    all: () => seen,
    of,
    waitFor: (traceId, what, isComplete) =>
      until(`${what} in trace ${traceId}`, () => {
        const spans = of(traceId)
        return isComplete(spans) ? spans : undefined
      }).catch((error: unknown) => {
        throw new Error(`${String(error)}:\n${drawTrace(of(traceId))}`)
      }),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

const toSeen = (service: string, span: OtlpSpan): SeenSpan => ({
  service,
  name: span.name,
  traceId: span.traceId,
  spanId: span.spanId,
  parentId: span.parentSpanId === '' ? undefined : span.parentSpanId,
  links: (span.links ?? []).map(({ traceId }) => traceId),
  attributes: Object.fromEntries(
    (span.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]),
  ),
  isFailed: span.status?.code === 2,
})

/** A trace as a tree of names, for a person to read. */
const drawTrace = (spans: readonly SeenSpan[]): string =>
  spans
    .map((span) => pathTo(span, spans))
    .toSorted()
    .join('\n')

/** The names of a span and of those above it, from the first that was seen. */
export function pathTo(span: SeenSpan, spans: readonly SeenSpan[]): string {
  const parent = spans.find(({ spanId }) => spanId === span.parentId)
  return parent === undefined ? span.name : `${pathTo(parent, spans)} > ${span.name}`
}
