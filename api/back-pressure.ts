import type { RequestHandler } from 'express'
import { rateLimit } from 'express-rate-limit'
import { sendProblem } from './problem.ts'

/**
 * Refuses what is over the bound with 503 before anything of the request is looked at: an accepted order is never
 * dropped, so no more are accepted than can be carried.
 * @param max requests in hand at once.
 */
export function boundInFlight(max: number): RequestHandler {
  let inFlight = 0
  return (_request, response, next) => {
    if (inFlight >= max) return sendProblem(response, 'OVERLOADED', 'Please come back in a moment.')
    inFlight += 1
    response.once('close', () => {
      inFlight -= 1
    })
    next()
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
