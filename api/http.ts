import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import express, { type IRouter, type Request, type RequestHandler } from 'express'
import type { z } from 'zod'
import { HttpProblem, pointerTo, type ProblemCode } from './problem.ts'
import { idempotencyKey } from './schemas/shared.ts'

const BODY_BYTES_MAX = '64kb'

type Method = 'get' | 'post' | 'put'

/** Serves a path with the given methods, and answers every other with 405 and what is allowed. */
export function serve(
  router: IRouter,
  path: string,
  handlers: Partial<Record<Method, RequestHandler | RequestHandler[]>>,
): void {
  const methods = Object.keys(handlers) as Method[]
  const allowed = methods
    .flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
    .join(', ')
  for (const method of methods) router[method](path, ...[handlers[method] ?? []].flat())
  router.all(path, (request, response) => {
    response.set('allow', allowed)
    throw new HttpProblem('METHOD_NOT_ALLOWED', `${request.method} is not one of ${allowed}.`)
  })
}

/** Gives every answer an `X-Request-Id`: the caller's, where it is harmless, or a new one. */
export const requestId: RequestHandler = (request, response, next) => {
  const given = request.get('x-request-id')
  response.set('x-request-id', given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID())
  next()
}

const parseJson = express.json({
  limit: BODY_BYTES_MAX,
  strict: false,
  inflate: false,
  type: () => true,
  verify(request, _response, bytes) {
    Object.assign(request, { bodyBytes: bytes.length, isUtf8: isUtf8(bytes) })
  },
})

/**
 * Reads a JSON body. Without one, `required` decides between 400 and an empty object.
 * Other media types are refused with 415.
 */
export function jsonBody({ required }: { required: boolean }): RequestHandler {
  return (request, response, next) => {
    const hasBody =
      request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
    const type = request.get('content-type')
    if (type === undefined ? hasBody : !/^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type)) {
      throw new HttpProblem('UNSUPPORTED_MEDIA_TYPE', 'Send application/json.')
    }
    parseJson(request, response, (error?: unknown) => {
      const isEmpty = !('bodyBytes' in request) || request.bodyBytes === 0
      if (error !== undefined) return next(error)
      if ('isUtf8' in request && !request.isUtf8)
        return next(new HttpProblem('MALFORMED_JSON', 'The body is not UTF-8.'))
      if (isEmpty && required) return next(new HttpProblem('MALFORMED_JSON', 'The body is empty.'))
      if (isEmpty) request.body = {}
      next()
    })
  }
}

/** @throws HttpProblem with a pointer to each fault. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown, code: ProblemCode): T {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          pointer: pointerTo([...issue.path, key]),
          detail: 'This field is not known.',
        }))
      : [{ pointer: pointerTo(issue.path), detail: issue.message }],
  )
  throw new HttpProblem(code, 'See `errors`.', errors)
}

/** @throws HttpProblem (400) that names the parameter. */
export function parseQuery<T>(schema: z.ZodType<T>, query: unknown): T {
  const parsed = schema.safeParse(query)
  if (parsed.success) return parsed.data
  const names = parsed.error.issues.map((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue.path.join('.'),
  )
  throw new HttpProblem('INVALID_PARAMETER', `Wrong or unknown: ${names.join(', ').slice(0, 200)}.`)
}

/** A page of a list: the items, and where the next page begins. */
export function toPage<Item, View>(
  items: Item[],
  limit: number,
  cursorOf: (item: Item) => string,
  view: (item: Item) => View,
) {
  const page = items.slice(0, limit)
  const last = page.at(-1)
  return {
    data: page.map(view),
    nextCursor:
      items.length > limit && last !== undefined ? Buffer.from(cursorOf(last)).toString('base64url') : null,
  }
}

export const isUuid = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)

/** Who asks: the scope of idempotency keys, and the name in the record of what operators do. */
export function callerOf(_request: Request): string {
  return 'anonymous'
}

/** @throws HttpProblem when the header is missing or malformed. */
export function readIdempotencyKey(request: Request): string {
  const header = request.get('idempotency-key')
  if (header === undefined || header === '') {
    throw new HttpProblem(
      'IDEMPOTENCY_KEY_MISSING',
      'Send a header Idempotency-Key of your own making, and the same again when you repeat the request.',
    )
  }
  const parsed = idempotencyKey.safeParse(header)
  if (!parsed.success)
    throw new HttpProblem('IDEMPOTENCY_KEY_INVALID', 'A key is 1 to 255 visible ASCII characters.')
  return parsed.data
}
