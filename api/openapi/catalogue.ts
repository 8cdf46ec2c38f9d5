import type { OpenAPIRegistry } from '@asteasolutions/zod-to-openapi'
import { loyalty, product, productList, productListQuery } from '../schemas/catalogue.ts'
import { z } from '../schemas/shared.ts'
import { ok, problems, UNAVAILABLE } from './parts.ts'

/** What there is to order, and what a customer has earned. */
export function registerCatalogue(registry: OpenAPIRegistry): void {
  registry.registerPath({
    method: 'get',
    path: '/products',
    summary: 'The catalogue, with its stock',
    request: { query: productListQuery },
    responses: {
      200: ok('A page of products.', productList),
      ...problems({ 400: 'INVALID_PARAMETER', ...UNAVAILABLE }),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/products/{sku}',
    summary: 'One product',
    request: { params: z.object({ sku: z.string() }) },
    responses: {
      200: ok('The product.', product),
      ...problems({ 404: 'PRODUCT_NOT_FOUND', ...UNAVAILABLE }),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/customers/{id}/loyalty',
    summary: 'A customer’s points',
    request: { params: z.object({ id: z.string() }) },
    responses: {
      200: ok('One point for every full 100 minor units of a completed order.', loyalty),
      ...problems(UNAVAILABLE),
    },
  })
}
