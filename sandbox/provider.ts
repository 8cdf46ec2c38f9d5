import { setTimeout as sleep } from 'node:timers/promises'
import { Router, type Request, type RequestHandler, type Response } from 'express'
import { z } from 'zod'
import type { Behaviour } from './behaviour.ts'
import type { FaultSwitch } from './faults.ts'
import { digestOf, isPending, type Effect, type Entry, type Ledger } from './ledger.ts'

/** How late a provider answers that is slow at large, in milliseconds. */
const SLOW_MS = 3000

/** Items on one page of a list at most. */
const PAGE_MAX = 100

const moment = z.iso.datetime().transform((text) => Date.parse(text))
const integer = z
  .string()
  .regex(/^-?\d{1,15}$/)
  .transform(Number)
const listQuery = z.strictObject({
  changedFrom: moment.default(0),
  changedTo: moment.default(Number.MAX_SAFE_INTEGER),
  after: integer.default(-1),
  limit: integer.pipe(z.int().min(1).max(PAGE_MAX)).default(PAGE_MAX),
})

/** What makes a provider the one it is; keys, voids, replays and faults are the same for all. */
export interface ProviderKind {
  /** By which the fault switch knows it. */
  name: string
  collection: string
  /** The status of a refusal, e.g. 402. */
  refusalStatus: number
  /**
   * The effect of a request, or undefined for a request that is not understood. Its `token` stays with the provider.
   */
  effectOf(key: string, body: unknown): Effect | undefined
  /** How the provider behaves towards an effect; undefined for one that it does not know how to have. */
  behaviourOf(effect: Effect, key: string, ledger: Ledger): Behaviour | undefined
  /** The code of the refusal then. */
  unknownCode: string
  /** The names of the states of an effect. */
  states: { live: string; undone: string; voided: string; pending: string }
  /** Where an effect is undone, and by which key the request names it. */
  undo: { path: string; keyOf(request: Request): string | undefined }
  /** Its lists in `GET /ledger`, by name. */
  publish(effects: readonly PublishedEffect[]): Record<string, object[]>
}

/** An effect that stands, or stood, with its state by the provider's own name. */
export interface PublishedEffect {
  key: string
  state: string
  effect: Effect
  /** The key of the request that undid it. */
  undoKey?: string | undefined
}

/** One row per key that had an effect, or might have had: no declines, no attempts, no tombstones. */
export function publishProvider(kind: ProviderKind, ledger: Ledger): Record<string, object[]> {
  const effects = ledger
    .entries(kind.collection)
    .flatMap(([key, entry]) =>
      entry.effect === undefined
        ? []
        : [{ ...entry, key, effect: entry.effect, state: stateOf(kind, entry) }],
    )
  return kind.publish(effects)
}

const stateOf = (kind: ProviderKind, entry: Entry): string =>
  kind.states[isPending(entry) ? 'pending' : entry.state]

/**
 * One provider's HTTP API. It honours idempotency keys, answers by key, and voids by key: a void before any effect
 * leaves a tombstone, which refuses every later request under that key.
 */
export function createProvider(kind: ProviderKind, ledger: Ledger, faults: FaultSwitch): Router {
  const { collection } = kind
  const router = Router()
  const createCalls = new Map<string, number>()
  const undoCalls = new Map<string, number>()
  const view = (key: string, entry: Entry) =>
    entry.state === 'voided'
      ? { key, state: 'voided' }
      : { key, ...publicPart(entry.effect), state: stateOf(kind, entry) }

  router.post(`/${collection}`, async (request, response) => {
    const key = request.get('idempotency-key')
    const effect = key === undefined ? undefined : kind.effectOf(key, request.body)
    if (key === undefined || effect === undefined) return problem(response, 400, 'MALFORMED')
    const behaviour = kind.behaviourOf(effect, key, ledger)
    if (behaviour === undefined) return problem(response, kind.refusalStatus, kind.unknownCode)
    if (ledger.find(collection, key)?.state === 'voided') return problem(response, 409, 'VOIDED')
    if (behaviour.refusal !== undefined) return problem(response, kind.refusalStatus, behaviour.refusal)
    const call = count(createCalls, key)
    if (call <= (behaviour.failing?.times ?? 0)) return fail(response, behaviour.failing?.status ?? 503)

    const digest = digestOf(request.body)
    const earlier = ledger.find(collection, key)
    // A ledger of the release before has whole requests.
    const isSame = (other: string) => other === digest || other === JSON.stringify(request.body)
    if (earlier !== undefined && 'request' in earlier && !isSame(earlier.request)) {
      return problem(response, 422, 'KEY_REUSED')
    }
    if (earlier === undefined)
      ledger.write({ collection, key, did: 'create', effect, request: digest, ...decision(behaviour) })
    if (call <= (behaviour.losingReplies ?? 0) || dropsReplies(response)) return void request.socket.destroy()
    if (behaviour.delayMs === Number.POSITIVE_INFINITY) return
    if (behaviour.delayMs !== undefined) await sleep(behaviour.delayMs)
    const created = ledger.find(collection, key) ?? { state: 'voided' }
    response.status(isPending(created) ? 202 : 201).json(view(key, created))
  })

  // As gateways list: what has changed in a time, oldest first, page by page. Tombstones never had an effect.
  router.get(`/${collection}`, (request, response) => {
    if (dropsReplies(response)) return void request.socket.destroy()
    const { success, data: asked } = listQuery.safeParse(request.query)
    if (!success) return problem(response, 400, 'INVALID_PARAMETER')
    const time = { from: asked.changedFrom, to: asked.changedTo }
    const { page, next, hasMore } = ledger.changes(collection, time, asked.after, asked.limit)
    response.json({
      data: page.map(({ key, entry, at }) => ({
        key,
        ...publicPart(entry.effect),
        state: stateOf(kind, entry),
        changedAt: new Date(at).toISOString(),
      })),
      cursor: String(next),
      hasMore,
    })
  })

  router.get(`/${collection}/:key`, (request, response) => {
    const { key } = request.params
    const entry = ledger.find(collection, key)
    if (dropsReplies(response)) return void request.socket.destroy()
    if (entry === undefined) return problem(response, 404, 'UNKNOWN_KEY')
    if (entry.state === 'voided') return problem(response, 409, 'VOIDED')
    const changedAt = new Date(ledger.changedAt(collection, key)).toISOString()
    response.json({ ...view(key, entry), changedAt })
  })

  router.put(`/${collection}/:key/void`, (request, response) => {
    const { key } = request.params
    const before = ledger.find(collection, key)
    if (before === undefined || isPending(before)) ledger.write({ collection, key, did: 'void' })
    if (dropsReplies(response)) return void request.socket.destroy()
    const entry = ledger.find(collection, key) ?? { state: 'voided' }
    if (entry.state === 'live') return problem(response, 409, 'NOT_VOIDABLE')
    response.json(view(key, entry))
  })

  router.post(kind.undo.path, (request, response) => {
    const undoKey = request.get('idempotency-key')
    const key = kind.undo.keyOf(request)
    if (undoKey === undefined || key === undefined) return problem(response, 400, 'MALFORMED')
    const entry = ledger.find(collection, key)
    if (entry === undefined || entry.state === 'voided') return problem(response, 404, 'UNKNOWN_KEY')
    if (isPending(entry)) return problem(response, 409, 'PENDING')
    if (entry.state === 'undone' && entry.undoKey !== undoKey) return problem(response, 409, 'ALREADY_UNDONE')
    if (count(undoCalls, key) <= (kind.behaviourOf(entry.effect, key, ledger)?.undoFailing ?? 0))
      return fail(response, 503)
    if (entry.state === 'live') ledger.write({ collection, key, did: 'undo', undoKey })
    if (dropsReplies(response)) return void request.socket.destroy()
    response.status(201).json(view(key, ledger.find(collection, key) ?? entry))
  })

  const guarded = Router()
  guarded.use([`/${collection}`, kind.undo.path], guardWith(kind.name, faults))
  guarded.use(router)
  return guarded
}

/** Stands before the calls to a provider: what is wrong with it at large. */
export const guardWith =
  (provider: string, faults: FaultSwitch): RequestHandler =>
  async (_request, response, next) => {
    const delayMs = faults.delayMs()
    if (delayMs > 0) answerLate(response, delayMs)
    const fault = faults.meet(provider)
    if (fault === 'down' || fault === 'flaky') return fail(response, 503)
    if (fault === 'limited') return fail(response, 429)
    if (fault === 'garbage') return void response.type('html').send('<html>Back soon.</html>')
    if (fault === 'unauthorized') return problem(response, 401, 'UNAUTHORIZED')
    if (fault === 'in_progress') return problem(response, 409, 'IN_PROGRESS')
    if (fault === 'slow') await sleep(SLOW_MS)
    response.locals['isDropped'] = fault === 'drop'
    next()
  }

function decision({ pendingMs }: Behaviour): { decidesAt?: number | 'never' } {
  if (pendingMs === undefined) return {}
  return { decidesAt: pendingMs === Number.POSITIVE_INFINITY ? 'never' : Date.now() + pendingMs }
}

/** Tokens and addresses stay with the provider. */
function publicPart(effect: Effect): Effect {
  return Object.fromEntries(Object.entries(effect).filter(([name]) => name !== 'token'))
}

/** What the call does is done at once; only its answer waits. */
function answerLate(response: Response, ms: number): void {
  const send = response.send.bind(response)
  response.send = (body) => {
    setTimeout(() => send(body), ms).unref()
    return response
  }
}

export const dropsReplies = (response: Response) => response.locals['isDropped'] === true

function count(calls: Map<string, number>, key: string): number {
  const call = (calls.get(key) ?? 0) + 1
  calls.set(key, call)
  return call
}

function problem(response: Response, status: number, code: string): void {
  response.status(status).json({ code })
}

function fail(response: Response, status: 503 | 429): void {
  if (status === 429) response.set('retry-after', '1')
  problem(response, status, status === 429 ? 'TOO_MANY_REQUESTS' : 'UNAVAILABLE')
}
