import { Client, Connection, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import type { Order } from './order.ts'

export const TASK_QUEUE = 'orders'

export const connectClient = async (address: string): Promise<Client> =>
  new Client({ connection: await Connection.connect({ address }) })

/** Starts the workflow of an order, unless it was started before: its id is used once. */
export async function startOnce(client: Client, workflow: string, order: Order): Promise<void> {
  try {
    await client.workflow.start(workflow, {
      workflowId: order.id,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      taskQueue: TASK_QUEUE,
      args: [order],
    })
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
  }
}
