import { z } from 'zod'

/** What the benchmark sends: the body of the API's `POST /orders`, as far as the contestants use it. */
export const orderRequest = z.object({
  customerId: z.string().min(1).max(64),
  currency: z.string().length(3),
  lines: z
    .array(z.object({ sku: z.string().min(1).max(64), quantity: z.int().min(1).max(1000) }))
    .min(1)
    .max(50)
    .refine((lines) => new Set(lines.map(({ sku }) => sku)).size === lines.length, 'Each product once.'),
  paymentMethod: z.string().min(1).max(64),
  shipping: z.object({
    service: z.string().min(1).max(64),
    address: z.object({
      name: z.string().min(1).max(200),
      line1: z.string().min(1).max(200),
      city: z.string().min(1).max(200),
      postalCode: z.string().min(1).max(20),
      country: z.string().length(2),
    }),
  }),
})

export type OrderRequest = z.infer<typeof orderRequest>

/** An order that was taken in, as it is handed to an engine. Its id is the idempotency key of its request. */
export interface Order {
  id: string
  currency: string
  totalMinor: number
  paymentMethod: string
  shipping: OrderRequest['shipping']
}
