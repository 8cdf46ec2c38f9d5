import { DBOS } from '@dbos-inc/dbos-sdk'
import { openPool } from '../../../postgres.ts'
import { createFront, listen } from '../../compare/front.ts'
import { createParticipants } from '../../compare/participants.ts'
import { createProviders } from '../../compare/providers.ts'
import { readSettings } from '../../compare/settings.ts'
import { createSaga } from './saga.ts'

const CONNECTIONS = 16

const { databaseUrl, sandboxUrl, port } = readSettings()
const participants = createParticipants(openPool(databaseUrl, { max: CONNECTIONS, name: 'app' }))
const saga = DBOS.registerWorkflow(createSaga(participants, createProviders(sandboxUrl)), {
  name: 'orderSaga',
})
// Its own tables are in the schema `dbos` of the same database. Launched again under the same name and version, it goes
// on with the workflows that are pending.
DBOS.setConfig({
  name: 'orders',
  systemDatabaseUrl: databaseUrl,
  executorID: 'app',
  applicationVersion: '1',
  logLevel: 'warn',
})
await DBOS.launch()
const front = createFront({
  place: participants.place,
  async start(order) {
    await DBOS.startWorkflow(saga, { workflowID: order.id })(order)
  },
})
await listen(front, port)
