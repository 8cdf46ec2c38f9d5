import { amountMinor, page, pageQuery, sku, time, z } from './shared.ts'

export const product = z
  .object({
    sku: z.string(),
    name: z.string(),
    currency: z.string(),
    priceMinor: amountMinor,
    active: z.boolean(),
    available: z.int().openapi({ description: 'Without what is reserved or sold.' }),
    reserved: z.int().openapi({ description: 'Held by orders that are still on their way.' }),
    sold: z.int(),
  })
  .openapi('Product')

export const productList = page(product).openapi('ProductList')

export const productListQuery = z.strictObject({
  ...pageQuery,
  cursor: pageQuery.cursor.pipe(sku.optional()),
})

export const loyalty = z
  .object({
    balance: z.int(),
    entries: z.array(
      z.object({
        orderId: z.uuid(),
        kind: z.enum(['awarded', 'revoked']),
        points: z.int(),
        recordedAt: time,
      }),
    ),
  })
  .openapi('LoyaltyAccount')
