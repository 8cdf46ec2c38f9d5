import './with-resolvers.ts'
import { once } from 'node:events'
import { createServer } from 'node:http2'
import { createEndpointHandler } from '@restatedev/restate-sdk'
import { openPool } from '../../../postgres.ts'
import { createParticipants } from '../../compare/participants.ts'
import { createProviders } from '../../compare/providers.ts'
import { readSettings } from '../../compare/settings.ts'
import { createService } from './saga.ts'

const CONNECTIONS = 16

const { databaseUrl, sandboxUrl, port } = readSettings()
const participants = createParticipants(openPool(databaseUrl, { max: CONNECTIONS, name: 'service' }))
const orders = createService(participants, createProviders(sandboxUrl))
const server = createServer(createEndpointHandler({ services: [orders] })).listen(port, '127.0.0.1')
await once(server, 'listening')
