import { expect, it } from 'vitest'
import { inMatrix } from '../harness/matrix.ts'
import { participantsOf } from '../harness/saga-steps.ts'
import { expectOrdersCompleted } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import { orderSaga } from '../../workflows/order/steps.ts'

it('a provider that is killed and revived under its orders fails none of them, and its breaker opens, tries and closes', async () => {
  const system = await startSystem({ input: { pace: 0.1 }, participants: participantsOf(orderSaga) })
  try {
    const place = () =>
      Promise.all(Array.from({ length: inMatrix({ whole: 100, otherwise: 30 }) }, () => system.api.place()))
    const orders = await place()
    system.world.kill()
    orders.push(...(await place()))
    await until('the breaker to open', () =>
      system.breakerMoves.includes('payment open') ? true : undefined,
    )
    await system.world.revive()
    await expectOrdersCompleted(
      system,
      await Promise.all(orders.map(({ id }) => system.api.ended(id, 300_000))),
    )
    expect(system.breakerMoves).toEqual(
      expect.arrayContaining(['payment open', 'payment half-open', 'payment closed']),
    )
  } finally {
    await system.close()
  }
  // Each order is compared with its events, which takes its time on a busy machine.
}, 600_000)
