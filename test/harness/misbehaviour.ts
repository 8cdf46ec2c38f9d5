import type { RequestHandler, Response } from 'express'

/** How a provider meets the requests under one key, whatever the order says. Reads and voids by key are as ever. */
export type Misbehaviour =
  /** 503 before there is an effect, this many times. */
  | { kind: 'fails'; times: number }
  /** 429 with `Retry-After` before there is an effect, this many times. */
  | { kind: 'is limited'; times: number }
  /** The effect, and then the connection is lost, this many times. */
  | { kind: 'loses its reply'; times: number }
  /** The effect at once, and every answer late. */
  | { kind: 'is slow'; ms: number }
  /** The effect at once, and never an answer. */
  | { kind: 'hangs' }
  /** The effect, and then something that is no answer, once. */
  | { kind: 'garbles'; times: 1; as: keyof typeof GARBLED }
  /** Refused with this code of the provider, each time. */
  | { kind: 'refuses'; code: string }

/** What stands where the answer should be: from a proxy, from a page of an outage, from a provider that died of it. */
export const GARBLED = {
  html: (response: Response) => response.status(200).type('html').end('<html>Back soon.</html>'),
  'half an answer': (response: Response) => response.status(201).type('json').end('{"id":"ch_1","amountMi'),
  'nothing at all': (response: Response) => response.status(204).end(),
  'another shape': (response: Response) => response.status(201).type('json').end('{"data":[]}'),
  'a redirect': (response: Response) => response.redirect(307, '/livez'),
  'a redirect to read': (response: Response) => response.redirect(302, '/livez'),
  'a body without end': (response: Response) => {
    const more = setInterval(() => response.write('x'.repeat(16 * 1024)), 5)
    response.on('close', () => clearInterval(more)).status(201)
  },
  'a body that trickles': (response: Response) => {
    const more = setInterval(() => response.write(' '), 1000)
    response
      .on('close', () => clearInterval(more))
      .status(201)
      .type('json')
      .write('{')
  },
  'headers that never come': () => undefined,
} satisfies Record<string, (response: Response) => unknown>

/** A request that creates an effect, or undoes one, names its saga and activity in its key. */
const KEY = /^order:([^:]+):([^:]+)$/

/**
 * Stands before a provider, and misbehaves in its stead where `find` says so. Each spent time is taken off the plan.
 */
export function misbehave(
  find: (sagaId: string, activity: string) => Promise<Misbehaviour | undefined>,
): RequestHandler {
  return async (request, response, next) => {
    const [, sagaId, activity] = KEY.exec(request.get('idempotency-key') ?? '') ?? []
    const plan = sagaId === undefined || activity === undefined ? undefined : await find(sagaId, activity)
    if (plan === undefined || ('times' in plan && plan.times <= 0)) return next()
    if ('times' in plan) plan.times -= 1
    switch (plan.kind) {
      case 'fails':
        return void response.status(503).json({ code: 'UNAVAILABLE' })
      case 'is limited':
        return void response.status(429).set('retry-after', '1').json({ code: 'TOO_MANY_REQUESTS' })
      case 'garbles':
        answerBy(response, () => GARBLED[plan.as](response))
        return next()
      case 'refuses':
        return void response.status(422).json({ code: plan.code })
      case 'loses its reply':
        answerBy(response, () => request.socket.destroy())
        return next()
      case 'is slow':
        answerBy(response, (answer) => setTimeout(answer, plan.ms))
        return next()
      case 'hangs':
        answerBy(response, () => undefined)
        return next()
    }
  }
}

/** Lets `how` do what becomes of the answer once there is one: by then the provider has had its effect. */
function answerBy(response: Response, how: (answer: () => void) => unknown): void {
  const json = response.json.bind(response)
  response.json = (body) => {
    how(() => json(body))
    return response
  }
}
