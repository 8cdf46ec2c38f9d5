import { z } from './zod.ts'

/** What requests and answers of many resources are made of. */

export const CUSTOMER_ID = /^[A-Za-z0-9_-]{1,64}$/
export const CUSTOMER_ID_FORM = '1 to 64 letters, digits, _ or -.'

export const customerId = z.string().regex(CUSTOMER_ID, CUSTOMER_ID_FORM).openapi({ example: 'cus_alice' })

export const sku = z
  .string()
  .regex(/^[A-Z0-9][A-Z0-9-]{0,39}$/, 'Not a SKU.')
  .openapi({ example: 'TEA-001' })

/** A SKU on two lines is refused at the second. */
export function oneLinePerSku(lines: readonly { sku: string }[], context: z.RefinementCtx): void {
  const seen = new Set<string>()
  for (const [index, { sku }] of lines.entries()) {
    if (seen.has(sku))
      context.addIssue({
        code: 'custom',
        path: [index, 'sku'],
        message: 'This SKU is on an earlier line.',
      })
    seen.add(sku)
  }
}

export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'Three capital letters.')
  .openapi({ example: 'EUR' })

/** An amount that is exact: every total is at most 2^53 - 1, as a constraint of the database says. */
export const amountMinor = z.int().openapi({
  description: 'In minor units of the currency, as ISO 4217 has them: cents of EUR, sen of IDR, whole JPY.',
})

/** A sum of amounts, which may be larger than any of them. */
export const sumMinor = z.int().openapi({
  description: 'In minor units of the currency. Exact up to 2^53 - 1; a larger sum is rounded.',
})

export const time = z.iso.datetime().openapi({ format: 'date-time' })

/**
 * The id of something that we made. A client may ask for any that is written as one, whatever version it says it is.
 */
export const uuid = z.guid().toLowerCase().openapi({ format: 'uuid' })

/** The id of something that the path names. */
export const uuidInPath = z.object({ id: uuid })

/** The answer to what was accepted and is done later. */
export const accepted = z.object({ status: z.literal('accepted') })
export const ACCEPTED = { status: 202, body: { status: 'accepted' } } as const

export const noQuery = z.strictObject({})

const CURSOR = /^[A-Za-z0-9_-]+$/
const CURSOR_MAX = 400

/** Where a page begins: the `nextCursor` of the page before, as `inner` has it. */
const cursorOf = <T extends z.ZodType<unknown, string | undefined>>(inner: T) =>
  z
    .string()
    .regex(CURSOR)
    .max(CURSOR_MAX)
    // One way of writing each: what we did not write is refused.
    .refine((cursor) => Buffer.from(cursor, 'base64url').toString('base64url') === cursor)
    .transform((cursor) => Buffer.from(cursor, 'base64url').toString('utf8'))
    .optional()
    .pipe(inner)
    .openapi({
      type: 'string',
      pattern: CURSOR.source,
      maxLength: CURSOR_MAX,
      description: 'The `nextCursor` of the page before.',
    })

/** The key of a list that is ordered by a moment and then by `rest`, with one space between them. */
export const momentKey = (...rest: readonly z.ZodType[]) =>
  z.string().refine((key) => {
    const [moment = '', ...others] = key.split(' ')
    const isMoment = z.iso.datetime().safeParse(moment).success && !moment.startsWith('0000')
    return (
      isMoment &&
      others.length === rest.length &&
      rest.every((part, index) => part.safeParse(others[index]).success)
    )
  })

interface PageQueryOptions<T extends z.ZodType<unknown, string | undefined>> {
  /** What an item is found by. */
  cursor: T
  limit?: number
  limitMax?: number
}

/** Query parameters of a list that has pages. */
export const pageQuery = <T extends z.ZodType<unknown, string | undefined>>({
  cursor,
  limit = 20,
  limitMax = 100,
}: PageQueryOptions<T>) => ({
  limit: z
    .string()
    .regex(new RegExp(String.raw`^\d{1,${String(limitMax).length}}$`))
    .transform(Number)
    .pipe(z.int().min(1).max(limitMax))
    .default(limit)
    .openapi({ type: 'integer', minimum: 1, maximum: limitMax, default: limit }),
  cursor: cursorOf(cursor),
})

const nextCursor = z.string().nullable().openapi({ description: 'Null on the last page.' })

/** The fields of a page of a list. */
export const page = <T extends z.ZodType>(item: T) => z.object({ data: z.array(item), nextCursor })

/** As far as versions can go. */
const VERSION_MAX = 2_147_483_647

/** A version of a stream, from 1. */
export const version = z
  .string()
  .regex(/^0*[1-9]\d{0,99}$/)
  .transform((text) => Math.min(Number(text), VERSION_MAX))
  .openapi({ type: 'integer', minimum: 1 })

/** A moment in a query, as RFC 3339 has it. */
export const moment = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .refine((time) => time.getUTCFullYear() >= 1, 'Before the year 1.')

/** Time travel: how it was at a version of its stream, or at a moment. */
export const asOfQuery = {
  asOfVersion: version.optional(),
  asOf: moment.optional().openapi({ type: 'string', format: 'date-time' }),
}

/**
 * A page of a list: the items, and where the next page begins.
 * @param items one more than `limit`, when there is one.
 */
export function toPage<Item, View>(
  items: readonly Item[],
  limit: number,
  cursorOfItem: (item: Item) => string,
  view: (item: Item) => View,
) {
  const shown = items.slice(0, limit)
  const last = shown.at(-1)
  return {
    data: shown.map(view),
    nextCursor:
      items.length > limit && last !== undefined
        ? Buffer.from(cursorOfItem(last)).toString('base64url')
        : null,
  }
}
