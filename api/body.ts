import { isUtf8 } from 'node:buffer'
import express, { type Request, type Response } from 'express'
import type { z } from 'zod'
import { HttpProblem, pointerTo, type ProblemCode } from './problem.ts'

const BODY_BYTES_MAX = '64kb'

const parseJson = express.json({
  limit: BODY_BYTES_MAX,
  strict: false,
  inflate: false,
  type: () => true,
  verify(request, _response, bytes) {
    Object.assign(request, { bodyBytes: bytes.length, isUtf8: isUtf8(bytes) })
  },
})

const IS_JSON = /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i

/**
 * Reads a JSON body. Without one, `isOptional` decides between 400 and an empty object.
 * @throws HttpProblem: 415 for other media types, 400 for what is not JSON; the parser's own error for the rest.
 */
export async function readJson(request: Request, response: Response, isOptional: boolean): Promise<unknown> {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  const type = request.get('content-type')
  if (type === undefined ? hasBody : !IS_JSON.test(type))
    throw new HttpProblem('UNSUPPORTED_MEDIA_TYPE', 'Send application/json.')
  await new Promise<void>((resolve, reject) => {
    parseJson(request, response, (error?: Error) => (error === undefined ? resolve() : reject(error)))
  })
  const isEmpty = !('bodyBytes' in request) || request.bodyBytes === 0
  if ('isUtf8' in request && !request.isUtf8)
    throw new HttpProblem('MALFORMED_JSON', 'The body is not UTF-8.')
  if (isEmpty && !isOptional) throw new HttpProblem('MALFORMED_JSON', 'The body is empty.')
  return isEmpty ? {} : request.body
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
