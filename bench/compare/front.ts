import { once } from 'node:events'
import type { Server } from 'node:http'
import express, { type Express, type Request, type Response } from 'express'
import { z } from 'zod'
import { orderRequest, type Order, type OrderRequest } from './order.ts'

export interface FrontOptions {
  /** Writes the order where the contestant keeps its orders. Undefined for an order of a product that is unknown. */
  place: (id: string, request: OrderRequest) => Promise<Order | undefined>
  /** Hands it to the engine, which carries out an id once however often it is handed over. */
  start: (order: Order) => Promise<void>
}

/** It becomes the order's id, and that of its workflow. */
const idempotencyKey = z.string().regex(/^[\w-]{1,64}$/)

/** The HTTP front of every contestant: it takes what the API takes. */
export function createFront({ place, start }: FrontOptions): Express {
  const take = async (request: Request, response: Response): Promise<void> => {
    const key = idempotencyKey.safeParse(request.get('idempotency-key'))
    const body = orderRequest.safeParse(request.body)
    if (!key.success || !body.success) return void response.status(422).json({ code: 'INVALID_ORDER' })
    const order = await place(key.data, body.data)
    if (order === undefined) return void response.status(422).json({ code: 'UNKNOWN_SKU' })
    await start(order)
    response.status(202).json({ id: order.id })
  }
  const app = express()
  app.disable('x-powered-by').disable('etag')
  app.get('/livez', (_request, response) => void response.json({ status: 'ok' }))
  app.post('/orders', express.json({ limit: '64kb' }), (request, response) => take(request, response))
  return app
}

export async function listen(front: Express, port: number): Promise<Server> {
  const server = front.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}
