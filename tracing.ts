import {
  context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
} from '@opentelemetry/api'

/**
 * Distributed traces, as the rest of the code sees them. Without an SDK, which `start-tracing.ts` loads where tracing is
 * on, OpenTelemetry's API does nothing: each function here then only does the work that it is given.
 *
 * Ids of sagas, names of steps and codes may be in a span. Bodies, tokens, query strings and customers may not.
 */
const tracer = () => trace.getTracer('ordersaga')

/** Under this name a workflow, and each of its activities, carries the trace: the name that Temporal's SDKs use. */
export const TRACE_HEADER = '_tracer-data'

export interface SpanOptions {
  kind?: keyof typeof SpanKind
  attributes?: Attributes
}

/** What is set on a span while its work goes on. */
export type OpenSpan = Pick<Span, 'setAttribute' | 'setAttributes'> & {
  /** @param code a class of error, never its text. */
  fail(code: string): void
}

/** The id of the trace that this code runs in; undefined outside of any, and while tracing is off. */
export const currentTraceId = (): string | undefined => validContext(context.active())?.traceId

/** The W3C traceparent of the span that this code runs in; undefined outside of any, and while tracing is off. */
export const currentTraceParent = (): string | undefined => traceParentIn(context.active())

/** The id of a trace, if it is recorded: another one cannot be looked up. */
export const recordedTraceId = (traceParent: string | null | undefined): string | undefined => {
  const [, traceId, flags = '0'] =
    /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(traceParent ?? '') ?? []
  return isSampled(Number.parseInt(flags, 16)) ? traceId : undefined
}

/** A provider's path without the keys in it, which are each second part: `/charges/{key}/void`. */
export const withoutKeys = (path: string): string =>
  (path.split('?')[0] ?? '')
    .split('/')
    .map((part, index) => (index > 0 && index % 2 === 0 ? '{key}' : part))
    .join('/')

/** Runs work in the trace of a traceparent, or in none. */
export const inTrace = <T>(traceParent: string | null | undefined, work: () => T): T =>
  context.with(contextOf(traceParent), work)

/**
 * Runs work as a span of the trace that it is in. Outside of any it makes none: only a request begins a trace.
 * What the work throws fails the span, with its class alone.
 */
export async function inSpan<T>(
  name: string,
  { kind = 'INTERNAL', attributes = {} }: SpanOptions,
  work: (span: OpenSpan) => Promise<T>,
): Promise<T> {
  const parent = context.active()
  if (validContext(parent) === undefined) return work(NO_SPAN)
  const span = tracer().startSpan(name, { kind: SpanKind[kind], attributes }, parent)
  try {
    return await context.with(trace.setSpan(parent, span), () => work(asOpen(span)))
  } catch (error) {
    fail(span, classOf(error))
    throw error
  } finally {
    span.end()
  }
}

export interface BegunSpan {
  /** What its children are given. */
  traceParent: string | undefined
  /** @param failure a class of error. @param endedAt of `performance.now()`, which is now unless said otherwise. */
  end(failure?: string, endedAt?: number): void
}

/** A span of the trace of `traceParent`, which its maker ends; undefined where there is none to be recorded. */
export function beginSpan(
  name: string,
  { kind = 'INTERNAL', attributes = {} }: SpanOptions,
  traceParent: string | null | undefined,
  startedAt?: number,
): BegunSpan | undefined {
  if (recordedTraceId(traceParent) === undefined) return undefined
  const parent = contextOf(traceParent)
  if (validContext(parent) === undefined) return undefined
  const span = tracer().startSpan(
    name,
    { kind: SpanKind[kind], attributes, ...(startedAt === undefined ? {} : { startTime: startedAt }) },
    parent,
  )
  return {
    traceParent: traceParentIn(trace.setSpan(parent, span)),
    end(failure, endedAt) {
      if (failure !== undefined) fail(span, failure)
      span.end(endedAt)
    },
  }
}

/**
 * Runs work on many traces at once as a span that belongs to none of them and links to all. It makes none when not one of
 * them is recorded.
 */
export async function inBatchSpan<T>(
  name: string,
  traceParents: readonly (string | null | undefined)[],
  work: () => Promise<T>,
): Promise<T> {
  const links = linksTo(traceParents)
  if (links.length === 0) return work()
  const span = tracer().startSpan(
    name,
    {
      kind: SpanKind.INTERNAL,
      links,
      root: true,
      attributes: { 'ordersaga.batch.size': traceParents.length },
    },
    ROOT_CONTEXT,
  )
  try {
    return await context.with(trace.setSpan(ROOT_CONTEXT, span), work)
  } catch (error) {
    fail(span, classOf(error))
    throw error
  } finally {
    span.end()
  }
}

/**
 * Runs work as the span of a request that came in: a child of the traceparent that it carries, else the first span of a
 * trace of its own.
 */
export function inRequestSpan(
  name: string,
  attributes: Attributes,
  traceParent: string | undefined,
  work: (span: OpenSpan & { end(): void }) => void,
): void {
  const parent = contextOf(traceParent)
  const span = tracer().startSpan(name, { kind: SpanKind.SERVER, attributes }, parent)
  context.with(trace.setSpan(parent, span), () => work({ ...asOpen(span), end: () => span.end() }))
}

/** Links at most: a batch of events has as many, and an SDK drops those above its own limit. */
const LINKS_MAX = 128

/** A link to each trace once: a batch may have many events of one saga. */
function linksTo(traceParents: readonly (string | null | undefined)[]): { context: SpanContext }[] {
  const byTrace = new Map<string, SpanContext>()
  for (const traceParent of traceParents) {
    if (byTrace.size === LINKS_MAX) break
    const traceId = recordedTraceId(traceParent)
    if (traceId === undefined || byTrace.has(traceId)) continue
    const linked = validContext(contextOf(traceParent))
    if (linked !== undefined) byTrace.set(traceId, linked)
  }
  return [...byTrace.values()].map((linked) => ({ context: linked }))
}

const contextOf = (traceParent: string | null | undefined): Context =>
  typeof traceParent === 'string'
    ? propagation.extract(ROOT_CONTEXT, { traceparent: traceParent })
    : ROOT_CONTEXT

function traceParentIn(active: Context): string | undefined {
  if (validContext(active) === undefined) return undefined
  const carrier: { traceparent?: string } = {}
  propagation.inject(active, carrier)
  return carrier.traceparent
}

function validContext(active: Context): SpanContext | undefined {
  const found = trace.getSpanContext(active)
  return found !== undefined && isSpanContextValid(found) ? found : undefined
}

// oxlint-disable-next-line no-bitwise -- The flags of a trace are bits (W3C Trace Context).
const isSampled = (flags: number): boolean => (flags & TraceFlags.SAMPLED) !== 0

const asOpen = (span: Span): OpenSpan => ({
  setAttribute: (key, value) => span.setAttribute(key, value),
  setAttributes: (attributes) => span.setAttributes(attributes),
  fail: (code) => fail(span, code),
})

/** Without a stack and without a text: either may quote data. */
function fail(span: Span, code: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message: code })
  span.setAttribute('error.type', code)
}

const NO_SPAN = asOpen(trace.wrapSpanContext(INVALID_SPAN_CONTEXT))

const classOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'UNKNOWN'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
