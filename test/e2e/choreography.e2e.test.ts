import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startThrowawayStack } from '../../stack/throwaway.ts'
import type { Stack } from '../../stack/stack.ts'
import { createApiClient, type OrderWishes } from '../harness/api-client.ts'
import { killHard } from '../harness/kill.ts'

const ORDERS = 40
const KILLS = 6

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

let stack: Stack
beforeAll(async () => {
  stack = await startThrowawayStack(() => () => undefined)
})
afterAll(() => stack.stop())

it(`${ORDERS} choreographed orders end as they should while what runs them is killed at random: nothing is lost, nothing doubled`, async () => {
  const api = createApiClient(stack.apiUrl, stack.sandboxUrl)
  const victim = stack.processes.find(({ name }) => name === 'choreography')
  const placed: { id: string; status: string }[] = []
  const placing = async () => {
    for (let n = 0; n < ORDERS; n += 1) {
      const { wishes, status } = MIX[n % MIX.length] ?? { wishes: {}, status: 'completed' }
      const { id } = await api.place({ ...wishes, coordination: 'choreography' })
      placed.push({ id, status })
      await sleep(100)
    }
  }
  const killing = async () => {
    for (let n = 0; n < KILLS; n += 1) {
      await sleep(300 + Math.random() * 1500)
      await killHard('choreography', () => victim?.pid())
    }
  }
  await Promise.all([placing(), killing()])
  for (const { id, status } of placed) {
    expect([id, (await api.ended(id)).status]).toEqual([id, status])
    const { charges, shipments } = await api.ledger(id)
    const live = [...charges, ...shipments].filter(({ state }) => state === 'charged' || state === 'created')
    const effects = charges.length + shipments.length
    expect([id, effects <= 2, status === 'completed' || live.length === 0]).toEqual([id, true, true])
  }
  expect(await api.invariants()).toMatchObject({ ok: true })
})
