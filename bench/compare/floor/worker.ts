import { NativeConnection, Worker } from '@temporalio/worker'
import { readSettings } from '../settings.ts'
import { TASK_QUEUE } from '../temporal-client.ts'

const { temporalAddress: address, workflowBundle: codePath } = readSettings()
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue: TASK_QUEUE,
  workflowBundle: { codePath },
})
await worker.run()
process.exit()
