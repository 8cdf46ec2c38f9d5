import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Coordination } from '../../domain/saga/coordination.ts'
import type { ApiClient, Order, OrderWishes } from './api-client.ts'
import { until } from './poll.ts'

/** What orders ask for in turn, and how they end. */
const MIX: readonly { wishes: OrderWishes; status: string }[] = [
  { wishes: {}, status: 'completed' },
  { wishes: { giftWrap: true }, status: 'completed' },
  { wishes: { service: 'refused' }, status: 'rejected' },
  { wishes: { paymentMethod: 'pm_lost_reply_1' }, status: 'completed' },
  { wishes: { isShipped: false, lines: [{ sku: 'EBK-001', quantity: 1 }] }, status: 'completed' },
  { wishes: { paymentMethod: 'pm_declined' }, status: 'rejected' },
  { wishes: { paymentMethod: 'pm_flaky_2' }, status: 'completed' },
]

export interface MixedOrder {
  id: string
  status: string
}

/** Places orders of every kind, ten in a second, at each API and with each coordination in turn. */
export async function placeMixed(
  apis: readonly ApiClient[],
  count: number,
  coordinations: readonly Coordination[],
): Promise<MixedOrder[]> {
  const placed: MixedOrder[] = []
  for (let n = 0; n < count; n += 1) {
    const { wishes, status } = MIX[n % MIX.length] ?? { wishes: {}, status: 'completed' }
    const coordination = coordinations[n % coordinations.length] ?? 'orchestration'
    const { id } = await placeAtOneOf(apis, n, { ...wishes, coordination, key: randomUUID() })
    placed.push({ id, status })
    await sleep(100)
  }
  return placed
}

/** As a client behind a load balancer does: where one does not answer, the next is asked under the same key. */
function placeAtOneOf(apis: readonly ApiClient[], from: number, wishes: OrderWishes): Promise<Order> {
  let tries = 0
  return until('an API to take an order', async () => {
    const api = apis[(from + tries) % apis.length]
    tries += 1
    return api?.place(wishes).catch((error: unknown) => {
      if (error instanceof TypeError && apis.length > 1) return undefined
      throw error
    })
  })
}

/** Each has ended as it should: charged and shipped once if it is completed, and nothing is left of it if not. */
export async function expectEnded(api: ApiClient, placed: readonly MixedOrder[]): Promise<void> {
  for (const { id, status } of placed) {
    expect([id, (await api.ended(id)).status]).toEqual([id, status])
    const { charges, shipments } = await api.ledger(id)
    const live = [...charges, ...shipments].filter(({ state }) => state === 'charged' || state === 'created')
    const effects = charges.length + shipments.length
    expect([id, effects <= 2, status === 'completed' || live.length === 0]).toEqual([id, true, true])
  }
  expect(await api.invariants()).toMatchObject({ ok: true })
}
