import { idempotencyKey, problem, z } from '../schemas/shared.ts'

export const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } })
export const ok = (description: string, schema: z.ZodType) => ({ description, ...json(schema) })
export const problems = (codes: Record<number, string>) =>
  Object.fromEntries(
    Object.entries(codes).map(([status, description]) => [
      status,
      { description, content: { 'application/problem+json': { schema: problem } } },
    ]),
  )

export const sagaId = z.object({ id: z.uuid() })
export const BAD_BODY = { 400: 'MALFORMED_JSON', 413: 'BODY_TOO_LARGE', 415: 'UNSUPPORTED_MEDIA_TYPE' }
export const UNAVAILABLE = {
  429: 'RATE_LIMITED, with Retry-After',
  503: 'DEPENDENCY_UNAVAILABLE or OVERLOADED, with Retry-After',
}

/** As above, where something new is taken in. */
export const NOT_TAKEN_IN = {
  ...UNAVAILABLE,
  503: 'INTAKE_PAUSED, DEPENDENCY_UNAVAILABLE or OVERLOADED, with Retry-After',
}

/** The header of every request that makes something. */
export const idempotencyHeader = z.object({
  'Idempotency-Key': idempotencyKey.openapi({
    description: 'Names this request for 72 hours: the same key with the same body answers the same.',
  }),
})

/** The headers of its answer. */
export const placedHeaders = z.object({
  Location: z.string(),
  'Idempotent-Replayed': z
    .string()
    .optional()
    .openapi({ description: '`true` when the key was used before.' }),
})
