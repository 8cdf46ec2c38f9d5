import type { createCatalogue, ProductRecord } from '../../domain/inventory/catalogue.ts'
import { toMinor } from '../../domain/money.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { amountMinor, page, pageQuery, sku, toPage } from '../parts.ts'
import { HttpProblem } from '../problem.ts'
import { z } from '../zod.ts'

export const product = z
  .object({
    sku: z.string(),
    name: z.string(),
    currency: z.string(),
    priceMinor: amountMinor,
    active: z.boolean(),
    kind: z.enum(['physical', 'digital']).openapi({ description: 'What is digital is not shipped.' }),
    available: z.int().openapi({ description: 'Without what is reserved or sold.' }),
    reserved: z.int().openapi({ description: 'Held by orders that are still on their way.' }),
    sold: z.int(),
  })
  .openapi('Product')

export interface ProductResources {
  catalogue: ReturnType<typeof createCatalogue>
}

/** What there is to order. */
export function productEndpoints({ catalogue }: ProductResources): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/products',
      summary: 'The catalogue, with its stock',
      query: z.strictObject(pageQuery({ cursor: sku.optional() })),
      answers: { 200: { description: 'A page of products.', schema: page(product).openapi('ProductList') } },
      async handle({ query: { limit, cursor } }) {
        const products = await catalogue.list({ limit, after: cursor })
        return reply(
          200,
          toPage(products, limit, ({ sku }) => sku, viewProduct),
        )
      },
    }),
    endpoint({
      method: 'get',
      path: '/products/{sku}',
      summary: 'One product',
      params: z.object({ sku }),
      absent: 'PRODUCT_NOT_FOUND',
      answers: { 200: { description: 'The product.', schema: product } },
      async handle({ params }) {
        const found = await catalogue.find(params.sku)
        if (found === null) throw new HttpProblem('PRODUCT_NOT_FOUND')
        return reply(200, viewProduct(found))
      },
    }),
  ]
}

function viewProduct({ sku, name, currency, priceMinor, active, kind, stock }: ProductRecord) {
  const { available, reserved, sold } = stock ?? { available: 0, reserved: 0, sold: 0 }
  return {
    sku,
    name,
    currency,
    priceMinor: toMinor(priceMinor),
    active,
    kind: kind === 'digital' ? ('digital' as const) : ('physical' as const),
    available,
    reserved,
    sold,
  }
}
