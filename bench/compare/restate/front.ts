import { Agent, request } from 'undici'
import { openPool } from '../../../postgres.ts'
import { createFront, listen } from '../front.ts'
import { createParticipants } from '../participants.ts'
import { readSettings } from '../settings.ts'

const CONNECTIONS = 8
const INGRESS_CONNECTIONS = 64

const { databaseUrl, ingressUrl, port } = readSettings()
const { place } = createParticipants(openPool(databaseUrl, { max: CONNECTIONS, name: 'front' }))
const dispatcher = new Agent({ connections: INGRESS_CONNECTIONS })
const front = createFront({
  place,
  async start(order) {
    const { statusCode, body } = await request(`${ingressUrl}/orders/place/send`, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': order.id },
      body: JSON.stringify(order),
    })
    const answer = await body.text()
    // Accepted, or accepted before.
    if (statusCode !== 202 && statusCode !== 200) throw new Error(`Restate answered ${statusCode}: ${answer}`)
  },
})
await listen(front, port)
