import { afterAll, describe, expect, inject, it } from 'vitest'
import { openDatabase } from '../../prisma/client.ts'
import { ATTEMPTS } from '../../workflows/saga/policies.ts'
import { expectOrderCompleted } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import { startTcpProxy } from '../harness/tcp-proxy.ts'

const closers: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** More attempts than any step before or at the pivot has. */
const TOO_MANY = Math.max(ATTEMPTS.giveUp, ATTEMPTS.untilAnswered) + 1

/** A system whose workers lose their database when `at` is first reached; `attempts` counts those at `step`. */
async function startCuttable(step: string, at: string) {
  const { hostname, port } = new URL(inject('servers').postgres.application)
  const proxy = await startTcpProxy({ host: hostname, port: Number(port) })
  closers.push(() => proxy.close())
  let attempts = 0
  let isCut = false
  const system = await startSystem({
    input: { pace: 0.005 },
    workerDatabase(url) {
      const cuttable = new URL(url)
      cuttable.port = String(proxy.port)
      return openDatabase(cuttable.href, 4)
    },
    reach(point) {
      if (point === `${step}:before`) attempts += 1
      if (point !== `${step}:${at}` || isCut) return
      isCut = true
      proxy.cut()
    },
  })
  closers.push(() => system.close())
  return { system, mend: () => proxy.mend(), attempts: () => attempts }
}

describe.concurrent('a PostgreSQL that the workers cannot reach', () => {
  it.each([
    ['reserveInventory', 'before'],
    ['chargePayment', 'before-record'],
    ['completeOrder', 'before'],
  ])('from %s:%s on is waited for, and no attempt is spent on it', async (step, at) => {
    const { system, mend, attempts } = await startCuttable(step, at)
    const { id } = await system.api.place()
    await until('more attempts than a step has', () => (attempts() > TOO_MANY ? true : undefined))
    expect(await system.api.order(id)).toMatchObject({ reason: null })
    mend()
    await expectOrderCompleted(system, await system.api.ended(id))
  })
})
