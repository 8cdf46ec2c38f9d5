import { randomUUID } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import type { OrderContent } from '../../domain/order/content.ts'
import { createIntake } from '../../domain/order/intake.ts'
import type { Database } from '../../prisma/client.ts'
import { ORDER_SAGA } from '../../workflows/order/contract.ts'
import { orderBody, type OrderWishes } from './api-client.ts'

/**
 * An order placed straight into the tables, without a workflow. `beforePivot` are the steps that its pivot asks for: those
 * of its definition, unless said otherwise.
 */
export async function placeOrderRow(
  db: Database,
  wishes: OrderWishes = {},
  beforePivot?: readonly string[],
): Promise<string> {
  const compose = (content: OrderContent) => {
    const composition = ORDER_SAGA.compose(content)
    return beforePivot === undefined ? composition : { ...composition, beforePivot }
  }
  const intake = createIntake({ db, compose, newId: uuid })
  const { order } = await intake.place('test', wishes.key ?? randomUUID(), orderBody(wishes))
  return order.id
}

export async function sagaRow(db: Database, id: string) {
  return db.saga.findUniqueOrThrow({ where: { id }, include: { fences: true } })
}

export async function fenceState(db: Database, id: string, step: string): Promise<string | undefined> {
  return (await db.stepFence.findUnique({ where: { sagaId_step: { sagaId: id, step } } }))?.state
}

/** The types of an order's events, in order. */
export async function eventTypes(db: Database, id: string): Promise<string[]> {
  const events = await db.event.findMany({ where: { streamId: `order-${id}` }, orderBy: { version: 'asc' } })
  return events.map(({ type }) => type)
}
