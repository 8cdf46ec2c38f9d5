import { problem, type z } from './schemas/shared.ts'

export const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } })
export const ok = (description: string, schema: z.ZodType) => ({ description, ...json(schema) })
export const problems = (codes: Record<number, string>) =>
  Object.fromEntries(
    Object.entries(codes).map(([status, description]) => [
      status,
      { description, content: { 'application/problem+json': { schema: problem } } },
    ]),
  )

export const BAD_BODY = { 400: 'MALFORMED_JSON', 413: 'BODY_TOO_LARGE', 415: 'UNSUPPORTED_MEDIA_TYPE' }
export const UNAVAILABLE = {
  429: 'RATE_LIMITED, with Retry-After',
  503: 'DEPENDENCY_UNAVAILABLE or OVERLOADED, with Retry-After',
}
