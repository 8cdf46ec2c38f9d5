import { z } from 'zod'
import { createKeyedProvider } from '../provider/keyed.ts'
import type { KeyedProvider } from '../provider/protocol.ts'
import type { ProviderHttp } from '../provider/http.ts'

export interface ShipmentRequest {
  service: string
  address: { name: string; line1: string; city: string; postalCode: string; country: string }
}

const shipment = z.object({ trackingNumber: z.string().max(100) })

export type ProviderShipment = z.infer<typeof shipment>

export type Carrier = KeyedProvider<ShipmentRequest, ProviderShipment>

export function createCarrier(http: ProviderHttp): Carrier {
  return createKeyedProvider({
    http,
    collection: 'shipments',
    effect: shipment,
    refusals: {
      REFUSED: { code: 'SHIPMENT_REFUSED', detail: 'The carrier refuses this shipment.' },
      UNKNOWN_SERVICE: { code: 'SHIPMENT_REFUSED', detail: 'The carrier does not know this service.' },
    },
    undo: (key) => ({ method: 'POST', path: `/shipments/${encodeURIComponent(key)}/cancel` }),
  })
}
