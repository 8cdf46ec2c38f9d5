import { Router } from 'express'
import type { createCatalogue, ProductRecord } from '../../domain/inventory/catalogue.ts'
import type { createLoyalty, LoyaltyEntry } from '../../domain/loyalty/loyalty.ts'
import { parseQuery, serve, toPage } from '../http.ts'
import { HttpProblem } from '../problem.ts'
import { productListQuery } from '../schemas/catalogue.ts'
import { customerId, noQuery, sku } from '../schemas/shared.ts'

export interface CatalogueRoutes {
  catalogue: ReturnType<typeof createCatalogue>
  loyalty: ReturnType<typeof createLoyalty>
}

export function createCatalogueRoutes({ catalogue, loyalty }: CatalogueRoutes): Router {
  const router = Router()

  serve(router, '/products', {
    get: async (request, response) => {
      const { limit, cursor } = parseQuery(productListQuery, request.query)
      const products = await catalogue.list({ limit, after: cursor })
      response.json(toPage(products, limit, ({ sku }) => sku, viewProduct))
    },
  })

  serve(router, '/products/:sku', {
    get: async (request, response) => {
      parseQuery(noQuery, request.query)
      const asked = sku.safeParse(request.params['sku'])
      const product = asked.success ? await catalogue.find(asked.data) : null
      if (product === null) throw new HttpProblem('PRODUCT_NOT_FOUND', 'There is no product with this SKU.')
      response.json(viewProduct(product))
    },
  })

  serve(router, '/customers/:id/loyalty', {
    get: async (request, response) => {
      parseQuery(noQuery, request.query)
      const asked = customerId.safeParse(request.params['id'])
      // A customer nobody has heard of has no points, and neither has one that cannot be.
      const { balance, entries } = asked.success
        ? await loyalty.account(asked.data)
        : { balance: 0, entries: [] }
      response.json({ balance, entries: entries.map(viewEntry) })
    },
  })

  return router
}

function viewProduct({ sku, name, currency, priceMinor, active, stock }: ProductRecord) {
  const { available, reserved, sold } = stock ?? { available: 0, reserved: 0, sold: 0 }
  return { sku, name, currency, priceMinor, active, available, reserved, sold }
}

function viewEntry({ orderId, kind, points, recordedAt }: LoyaltyEntry) {
  return { orderId, kind, points, recordedAt: recordedAt.toISOString() }
}
