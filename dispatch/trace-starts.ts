import type { WorkflowClientInterceptor } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'
import { currentTraceParent, TRACE_HEADER } from '../tracing.ts'

/** Gives a workflow the trace in which it is started. Without one its history has nothing of this. */
export const traceStarts: WorkflowClientInterceptor = {
  start(input, next) {
    const traceparent = currentTraceParent()
    if (traceparent === undefined) return next(input)
    const carried = defaultPayloadConverter.toPayload({ traceparent })
    return next({ ...input, headers: { ...input.headers, [TRACE_HEADER]: carried } })
  },
}
