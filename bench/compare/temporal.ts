import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { bundleWorkflowCode } from '@temporalio/worker'
import type { Contestant } from './contestant.ts'

/** Compiles a contestant's workflows, as Temporal advises for production: a worker that starts again is spared it. */
export async function bundleInto(folder: string, workflows: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(import.meta.dirname, workflows),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  })
  const file = path.join(folder, 'workflows.js')
  await writeFile(file, code)
  return file
}

/** Their workflows have the ids of their orders. */
const withWorkflowId =
  (start: Contestant['start']): Contestant['start'] =>
  async (ground) => ({ ...(await start(ground)), workflowId: (orderId) => orderId })

/** The same contestant on both kinds of Temporal. */
export const onBothTemporals = (name: string, start: Contestant['start']): Contestant[] => [
  { name, temporal: 'development', start: withWorkflowId(start) },
  { name: `${name} on PostgreSQL`, temporal: 'postgres', start: withWorkflowId(start) },
]
