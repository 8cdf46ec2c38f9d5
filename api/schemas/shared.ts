import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'

extendZodWithOpenApi(z)

export { z }

/** Between the groups of a card number, as people write it. */
const SEPARATOR = /[^\p{L}\p{N}]{1,3}/u

/** 13 to 19 digits, also full-width ones and in groups with something between them, that satisfy Luhn's formula. */
export function looksLikeCardNumber(text: string): boolean {
  const runs = text.normalize('NFKC').match(/\d(?:[^\p{L}\p{N}]{0,3}\d){12,}/gu) ?? []
  return runs.some((run) => {
    const groups = run.split(SEPARATOR)
    return groups.some((_, from) =>
      groups.some((_group, to) => {
        const digits = groups.slice(from, to + 1).join('')
        return digits.length >= 13 && digits.length <= 19 && isLuhn(Array.from(digits, Number))
      }),
    )
  })
}

function isLuhn(digits: number[]): boolean {
  const sum = digits.toReversed().reduce((total, digit, index) => {
    const weighted = index % 2 === 1 ? digit * 2 : digit
    return total + (weighted > 9 ? weighted - 9 : weighted)
  }, 0)
  return sum % 10 === 0
}

/** PostgreSQL stores neither NUL nor half a surrogate pair; other control characters can falsify a log. */
const isPlain = (value: string): boolean => value.isWellFormed() && !/\p{Cc}/u.test(value)

/** Every text that a client sends. One that is not plain is not checked further, so that it gets one error. */
export const text = () =>
  z
    .string()
    .refine(isPlain, { error: 'Control characters and broken Unicode are refused.', abort: true })
    .refine((value) => !looksLikeCardNumber(value), 'This looks like a card number.')

/** Text for people to read. */
export const prose = (max: number) => text().min(1).max(max)

export const CUSTOMER_ID = /^[A-Za-z0-9_-]{1,64}$/
export const CUSTOMER_ID_FORM = '1 to 64 letters, digits, _ or -.'

export const customerId = z.string().regex(CUSTOMER_ID, CUSTOMER_ID_FORM).openapi({ example: 'cus_alice' })

export const sku = z
  .string()
  .regex(/^[A-Z0-9][A-Z0-9-]{0,39}$/, 'Not a SKU.')
  .openapi({ example: 'TEA-001' })

/** A caller's own name for a request. */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/)

export const noQuery = z.strictObject({})

export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(100))
    .default(20)
    .openapi({ type: 'integer', minimum: 1, maximum: 100, default: 20 }),
  cursor: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    // One way of writing each: what we did not write is refused.
    .refine((cursor) => Buffer.from(cursor, 'base64url').toString('base64url') === cursor)
    .transform((cursor) => Buffer.from(cursor, 'base64url').toString('utf8'))
    .optional()
    .openapi({ type: 'string', description: 'The `nextCursor` of the page before.' }),
}

/** As far as versions can go. */
const VERSION_MAX = 2_147_483_647

/** A version of a stream, from 1. */
export const version = z
  .string()
  .regex(/^0*[1-9]\d{0,99}$/)
  .transform((text) => Math.min(Number(text), VERSION_MAX))

/** Time travel: how it was at a version of its stream, or at a moment. */
export const asOfQuery = {
  asOfVersion: version.optional().openapi({ type: 'integer', minimum: 1 }),
  asOf: z.iso
    .datetime({ offset: true })
    .transform((moment) => new Date(moment))
    .refine((moment) => moment.getUTCFullYear() >= 1, 'Before the year 1.')
    .optional()
    .openapi({ type: 'string', format: 'date-time' }),
}

/** The id of the last server-sent event that a client has seen. */
export const lastEventId = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number)

export const page = <T extends z.ZodType>(item: T) =>
  z.object({
    data: z.array(item),
    nextCursor: z.string().nullable().openapi({ description: 'Null on the last page.' }),
  })

export const time = z.iso.datetime().openapi({ format: 'date-time' })
export const amountMinor = z.int().openapi({ description: 'In minor units of the currency (cents).' })

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    requestId: z.string(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .openapi('Problem')
