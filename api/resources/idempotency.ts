import type { HeaderRule } from '../endpoint.ts'
import { z } from '../zod.ts'

/** The header of every request that makes something. */
export const IDEMPOTENCY = {
  'Idempotency-Key': {
    schema: z.string().regex(/^[\x21-\x7e]{1,255}$/),
    description:
      'Names this request for 72 hours: 1 to 255 visible ASCII characters of your own making. The same key with the ' +
      'same body answers the same.',
    missing: 'IDEMPOTENCY_KEY_MISSING',
    invalid: 'IDEMPOTENCY_KEY_INVALID',
  },
} as const satisfies Record<string, HeaderRule>

/** The headers of its answer. */
export const PLACED_HEADERS = z.object({
  Location: z.string(),
  'Idempotent-Replayed': z
    .string()
    .optional()
    .openapi({ description: '`true` when the key was used before.' }),
})

export const placedHeaders = (collection: string, id: string, isReplay: boolean) => ({
  location: `/${collection}/${id}`,
  ...(isReplay ? { 'idempotent-replayed': 'true' } : {}),
})
