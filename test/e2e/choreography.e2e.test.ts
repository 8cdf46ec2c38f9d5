import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, it } from 'vitest'
import { startThrowawayStack } from '../../stack/throwaway.ts'
import type { Stack } from '../../stack/stack.ts'
import { createApiClient } from '../harness/api-client.ts'
import { killHard } from '../harness/kill.ts'
import { expectEnded, placeMixed } from '../harness/mixed-orders.ts'

const ORDERS = 40
const KILLS = 6

let stack: Stack
beforeAll(async () => {
  stack = await startThrowawayStack(() => () => undefined)
})
afterAll(() => stack.stop())

it(`${ORDERS} choreographed orders end as they should while what runs them is killed at random: nothing is lost, nothing doubled`, async () => {
  const api = createApiClient(stack.apiUrl, stack.sandboxUrl)
  const victim = stack.processes.find(({ name }) => name === 'choreography')
  const killing = async () => {
    for (let n = 0; n < KILLS; n += 1) {
      await sleep(300 + Math.random() * 1500)
      await killHard('choreography', () => victim?.pid())
    }
  }
  const [placed] = await Promise.all([placeMixed([api], ORDERS, ['choreography']), killing()])
  await expectEnded(api, placed)
})
