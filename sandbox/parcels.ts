import { Router } from 'express'
import { dropsReplies, guardWith } from './provider.ts'
import type { FaultSwitch } from './faults.ts'
import { digestOf, type Ledger } from './ledger.ts'

const COLLECTION = 'parcels'

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
    const from = placeOf(request.query['after'], received)
    // A cursor from before the list was lost.
    if (from === undefined) return void response.status(410).json({ code: 'UNKNOWN_CURSOR' })
    const page = received.slice(from, from + PAGE_PARCELS)
    response.json({
      data: page.map(([reference]) => ({ reference })),
      cursor: cursorAt(from + page.length, received),
      hasMore: from + page.length < received.length,
    })
  })
  return router
}

type Received = readonly (readonly [reference: string, unknown])[]

/** How many came before, and which was the last of them: another list is told by that. */
const cursorAt = (place: number, received: Received): string =>
  place === 0 ? '0' : `${place}-${digestOf(received[place - 1]?.[0]).slice(0, 16)}`

/** Where a cursor leads; undefined for one of another list. */
function placeOf(after: unknown, received: Received): number | undefined {
  const cursor = typeof after === 'string' ? after : '0'
  const place = Number.parseInt(cursor, 10)
  return place >= 0 && place <= received.length && cursorAt(place, received) === cursor ? place : undefined
}
