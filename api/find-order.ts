import type { Request } from 'express'
import type { createOrderQueries, OrderRecord } from '../domain/order/queries.ts'
import { isUuid } from './http.ts'
import { HttpProblem } from './problem.ts'

/** The order that the path names. @throws HttpProblem (404) when there is none, or the id cannot be one. */
export async function findOrder(
  queries: ReturnType<typeof createOrderQueries>,
  request: Request,
): Promise<OrderRecord> {
  const id = String(request.params['id']).toLowerCase()
  const order = isUuid(id) ? await queries.find(id) : null
  if (order === null) throw new HttpProblem('ORDER_NOT_FOUND', 'There is no order with this id.')
  return order
}
