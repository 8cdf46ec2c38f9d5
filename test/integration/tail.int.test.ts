import { afterAll, beforeAll, expect, it } from 'vitest'
import { until } from '../harness/poll.ts'
import { startWorld, type World } from '../harness/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld((_request, _response, next) => next())
})
afterAll(() => world.kill())

const put = (body: object) =>
  fetch(`${world.url}/faults`, {
    method: 'PUT',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })

const read = async (path: string) => (await fetch(world.url + path)).json()

function charge(key: string, signal: AbortSignal) {
  return fetch(`${world.url}/charges`, {
    method: 'POST',
    body: JSON.stringify({ amountMinor: 795, currency: 'EUR', paymentMethod: 'pm_ok' }),
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    signal,
  })
}

it('a call in the tail has its effect at once, and its answer later', async () => {
  await put({ tail: { percent: 100, ms: 60_000 } })
  const caller = new AbortController()
  let answered = false
  const call = charge('order:late:chargePayment', caller.signal).finally(() => (answered = true))
  await until('the charge', async () => {
    const { charges } = (await read('/ledger')) as { charges: { key: string }[] }
    return charges.some(({ key }) => key === 'order:late:chargePayment') ? true : undefined
  })
  expect(answered).toBe(false)
  caller.abort()
  await expect(call).rejects.toMatchObject({ name: 'AbortError' })
  await put({ tail: { percent: 100, ms: 1 } })
  expect((await charge('order:late:chargePayment', new AbortController().signal)).status).toBe(201)
})

it('the tail is shown by PUT and GET, refused with 422 where it is wrong, and gone after DELETE', async () => {
  const tail = { percent: 5, ms: 2000 }
  const shown = { payment: 'up', shipping: 'up', percent: 100 }
  expect(await (await put({ tail })).json()).toEqual({ ...shown, tail })
  expect((await put({ tail: { percent: 5, ms: 60_001 } })).status).toBe(422)
  expect(await read('/faults')).toEqual({ ...shown, tail })
  await fetch(`${world.url}/faults`, { method: 'DELETE' })
  expect(await read('/faults')).toEqual(shown)
})
