import type { WorkflowInterceptors } from '@temporalio/workflow'

/**
 * Gives what a workflow was started with as headers, which is its trace, to each of its activities and to the run that
 * continues it. The workflow makes no span: what is done again in a replay sends nothing. No header is written to where
 * there is none, and replay compares no headers, so a history replays whether or not it was traced.
 */
export const interceptors = (): WorkflowInterceptors => {
  let carried = {}
  return {
    inbound: [
      {
        execute(input, next) {
          carried = input.headers
          return next(input)
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next({ ...input, headers: { ...carried, ...input.headers } }),
        scheduleLocalActivity: (input, next) => next({ ...input, headers: { ...carried, ...input.headers } }),
        continueAsNew: (input, next) => next({ ...input, headers: { ...carried, ...input.headers } }),
      },
    ],
  }
}
