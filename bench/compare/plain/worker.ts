import { NativeConnection, Worker } from '@temporalio/worker'
import { openDatabase } from '../../../prisma/client.ts'
import { createProviders } from '../providers.ts'
import { readSettings } from '../settings.ts'
import { TASK_QUEUE } from '../temporal-client.ts'
import { createActivities } from './activities.ts'

const CONNECTIONS = 16

const { databaseUrl, sandboxUrl, temporalAddress: address, workflowBundle: codePath } = readSettings()
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue: TASK_QUEUE,
  workflowBundle: { codePath },
  activities: createActivities(openDatabase(databaseUrl, CONNECTIONS), createProviders(sandboxUrl)),
})
await worker.run()
process.exit()
