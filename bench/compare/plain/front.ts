import { openPool } from '../../../postgres.ts'
import { createFront, listen } from '../front.ts'
import { createParticipants } from '../participants.ts'
import { readSettings } from '../settings.ts'
import { connectClient, startOnce } from '../temporal-client.ts'

const CONNECTIONS = 8

const { databaseUrl, port, temporalAddress } = readSettings()
const { place } = createParticipants(openPool(databaseUrl, { max: CONNECTIONS, name: 'front' }))
const client = await connectClient(temporalAddress)
await listen(createFront({ place, start: (order) => startOnce(client, 'orderSaga', order) }), port)
