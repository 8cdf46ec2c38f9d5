import type { Request, RequestHandler, Response } from 'express'
import { rateLimit, type Options } from 'express-rate-limit'
import { changes } from './edge.ts'
import { callerOf } from './identity/caller.ts'
import { ownerActedFor } from './identity/principal.ts'
import { HttpProblem, sendProblem } from './problem.ts'

/** How many requests of some kind are carried out at once. */
export interface Bound {
  /** Takes a place until the response is closed. @throws HttpProblem (503) when there is none. */
  enter(response: Response): void
}

/**
 * Refuses what is over the bound with 503 before it is looked at: an accepted order is never dropped, so no more are
 * accepted than can be carried. So is what comes behind an unanswered request on the same connection: an answer that
 * has no connection yet is never closed, and would keep its place when its client leaves.
 * @param perAddress of these, from one address; all of them unless said otherwise.
 */
export function createBound(max: number, perAddress: number = max): Bound {
  const places = countByAddress()
  return {
    enter(response) {
      if (response.socket === null || response.closed)
        throw new HttpProblem('OVERLOADED', 'Await the answer before you send more on a connection.')
      const address = response.req.ip ?? ''
      if (places.all() >= max || places.of(address) >= perAddress)
        throw new HttpProblem('OVERLOADED', 'Please come back in a moment.')
      response.once('close', places.take(address))
    },
  }
}

/** How many places are taken, in all and from each address. */
export function countByAddress() {
  const taken = new Map<string, number>()
  let all = 0
  const of = (address: string) => taken.get(address) ?? 0
  return {
    all: () => all,
    of,
    /** @returns what gives the place back. */
    take(address: string): () => void {
      all += 1
      taken.set(address, of(address) + 1)
      return () => {
        all -= 1
        if (of(address) === 1) taken.delete(address)
        else taken.set(address, of(address) - 1)
      }
    },
  }
}

/** Refuses what comes from one address beyond its share with 429, before it is looked at. */
export const limitAddresses = (perSecond: number): RequestHandler => limit({ limit: perSecond })

export interface CallerLimits {
  /** Requests per second of one caller. */
  perSecond: number
  /** Changes per second of one customer. */
  customerWritesPerSecond: number
}

/** Refuses what one caller sends beyond its share with 429, whatever address it comes from, and says how much is left. */
export function limitCallers({ perSecond, customerWritesPerSecond }: CallerLimits): RequestHandler[] {
  const keyGenerator = (request: Request) => callerOf(request).principal.subject
  const customerOf = (request: Request) => ownerActedFor(callerOf(request).principal)
  const isOther = (request: Request) => !changes(request.method) || customerOf(request) === undefined
  return [
    limit({ limit: perSecond, keyGenerator, standardHeaders: 'draft-8', identifier: 'requests' }),
    limit({
      limit: customerWritesPerSecond,
      // However many keys a customer has.
      keyGenerator: (request) => customerOf(request) ?? '',
      skip: isOther,
      standardHeaders: 'draft-8',
      identifier: 'changes',
    }),
  ]
}

const limit = (options: Partial<Options>): RequestHandler =>
  rateLimit({
    windowMs: 1000,
    standardHeaders: false,
    legacyHeaders: false,
    // It prints what it finds, e.g. a header of a proxy that is not trusted: that is ignored here.
    validate: false,
    handler: (_request, response) => {
      response.set('retry-after', '1')
      sendProblem(response, 'RATE_LIMITED', 'One caller may not send more than its share.')
    },
    ...options,
  })
