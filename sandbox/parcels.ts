import { Router } from 'express'
import { z } from 'zod'
import { dropsReplies, guardWith } from './provider.ts'
import type { FaultSwitch } from './faults.ts'
import type { Ledger } from './ledger.ts'

const COLLECTION = 'parcels'

/** A cursor is how many came before. */
const place = z.coerce.number().int().min(0).default(0)

/** Parcels on one page of the list. */
const PAGE_PARCELS = 100

/**
 * Parcels on their way back. Who plays the world says that one was received; the carrier's customers read the list, in
 * the order in which that was said, from a cursor on. A parcel is listed once, however often it is said.
 */
export function createParcels(ledger: Ledger, faults: FaultSwitch): Router {
  const router = Router()
  router.put(`/${COLLECTION}/:reference/received`, (request, response) => {
    const { reference } = request.params
    if (ledger.find(COLLECTION, reference) === undefined)
      ledger.write({ collection: COLLECTION, key: reference, did: 'create', effect: {}, request: '' })
    response.status(204).end()
  })
  router.get(`/${COLLECTION}`, guardWith('shipping', faults), (request, response) => {
    if (dropsReplies(response)) return void request.socket.destroy()
    const received = ledger.entries(COLLECTION)
    const { success, data: from } = place.safeParse(request.query['after'])
    // A cursor from before the list was lost.
    if (!success || from > received.length) return void response.status(410).json({ code: 'UNKNOWN_CURSOR' })
    const page = received.slice(from, from + PAGE_PARCELS)
    response.json({
      data: page.map(([reference]) => ({ reference })),
      cursor: String(from + page.length),
      hasMore: from + page.length < received.length,
    })
  })
  return router
}
