import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js'
import { Worker, type WorkflowBundleOption } from '@temporalio/worker'

/**
 * Replays a workflow's history against the given code. No server is needed, and nothing is done again.
 * @param json proto3 JSON, as GET /orders/<id>/history, the Temporal CLI and the Temporal UI export it.
 * @throws DeterminismViolationError when the code would not have done what the history says.
 */
export async function replayHistory(workflowBundle: WorkflowBundleOption, json: unknown): Promise<void> {
  await Worker.runReplayHistory({ workflowBundle }, historyFromJSON(json))
}
