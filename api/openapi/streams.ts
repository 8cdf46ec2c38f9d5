import type { OpenAPIRegistry } from '@asteasolutions/zod-to-openapi'
import { lastEventId, z } from '../schemas/shared.ts'
import { problems, sagaId, UNAVAILABLE } from './parts.ts'

const headers = z.object({
  'Last-Event-ID': lastEventId
    .optional()
    .openapi({ type: 'string', description: 'Go on after this one, as browsers do by themselves.' }),
})

const events = (description: string) => ({
  description,
  content: { 'text/event-stream': { schema: z.string() } },
})

/** Server-sent events. */
export function registerStreams(registry: OpenAPIRegistry): void {
  registry.registerPath({
    method: 'get',
    path: '/orders/{id}/stream',
    summary: 'What happens to an order, as it happens',
    request: { params: sagaId, headers },
    responses: {
      200: events(
        'The events so far, then each new one: `id` its version, `event` its type, `data` the order as it then was. ' +
          'Ends after the one that ends the order.',
      ),
      204: { description: 'The order has ended and nothing will follow: do not come back.' },
      ...problems({ 400: 'INVALID_PARAMETER', 404: 'ORDER_NOT_FOUND', ...UNAVAILABLE }),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/operations/stream',
    summary: 'What happens to everything, as it happens',
    request: { headers },
    responses: {
      200: events(
        'Each new event of every stream: `event` its type, `data` its stream, version, data and time. With ' +
          'Last-Event-ID those since, as far back as an hour.',
      ),
      ...problems({ 400: 'INVALID_PARAMETER', ...UNAVAILABLE }),
    },
  })
}
