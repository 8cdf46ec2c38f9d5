import { defaultPayloadConverter } from '@temporalio/common'
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker'
import { inTrace, TRACE_HEADER } from '../tracing.ts'

/** Makes an attempt in the trace that its workflow carries. */
export const traceActivities: ActivityInboundCallsInterceptor = {
  execute({ headers, ...input }, next) {
    const carried = headers[TRACE_HEADER]
    const call = { headers, ...input }
    return carried === undefined || carried === null
      ? next(call)
      : inTrace(traceParentIn(defaultPayloadConverter.fromPayload(carried)), () => next(call))
  },
}

/** Another client may have put anything there. */
function traceParentIn(carried: unknown): string | undefined {
  const { traceparent } = Object(carried) as { traceparent?: unknown }
  return typeof traceparent === 'string' ? traceparent : undefined
}
