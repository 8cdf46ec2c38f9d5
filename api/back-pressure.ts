import type { RequestHandler, Response } from 'express'
import { rateLimit } from 'express-rate-limit'
import { HttpProblem, sendProblem } from './problem.ts'

/** How many requests of some kind are carried out at once. */
export interface Bound {
  /** Takes a place until the response is closed. @throws HttpProblem (503) when there is none. */
  enter(response: Response): void
}

/**
 * Refuses what is over the bound with 503 before it is looked at: an accepted order is never dropped, so no more are
 * accepted than can be carried.
 */
export function createBound(max: number): Bound {
  let inFlight = 0
  return {
    enter(response) {
      if (inFlight >= max) throw new HttpProblem('OVERLOADED', 'Please come back in a moment.')
      inFlight += 1
      response.once('close', () => {
        inFlight -= 1
      })
    },
  }
}

/** Refuses what one caller sends beyond its share with 429. A caller is an address, while nobody is authenticated. */
export function limitRate(perSecond: number): RequestHandler {
  return rateLimit({
    windowMs: 1000,
    limit: perSecond,
    standardHeaders: false,
    legacyHeaders: false,
    handler: (_request, response) => {
      response.set('retry-after', '1')
      sendProblem(response, 'RATE_LIMITED', 'One caller may not send more than its share.')
    },
  })
}
