import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Fault } from '../../faults.ts'
import { guardProvider, type BreakerState } from './guard.ts'
import type { ProviderHttp } from './http.ts'
import { createConcurrencyLimit } from './limit.ts'

const queued = { number: 2, isLocal: false, signal: new AbortController().signal }
const local = { ...queued, number: 1, isLocal: true }
const request = { method: 'GET', path: '/' } as const
const ok = { kind: 'ok', effect: { status: 200, body: {} } } as const

function guarded(limit?: ReturnType<typeof createConcurrencyLimit>) {
  const states: BreakerState[] = []
  let answer: ProviderHttp = async () => ok
  const provider = guardProvider({
    name: 'payment',
    http: (...args) => answer(...args),
    slots: 10,
    onBreaker: (state) => states.push(state),
    ...(limit === undefined ? {} : { limit }),
  })
  return {
    provider,
    states,
    behave: (next: ProviderHttp) => {
      answer = next
    },
    call: (attempt = queued) => provider.http(request, attempt),
  }
}

const down: ProviderHttp = () => Promise.reject(new Fault('PROVIDER_ERROR', 'down'))

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the breaker of a provider', () => {
  it('opens when most calls are faults, and then answers unavailable without calling', async () => {
    const { behave, call, states, provider } = guarded()
    let calls = 0
    behave((...args) => {
      calls += 1
      return down(...args)
    })
    for (let n = 0; n < 3; n += 1) await expect(call()).rejects.toThrow('down')
    expect(await call()).toEqual({ kind: 'unavailable', why: 'BREAKER_OPEN' })
    expect([calls, states, provider.breaker()]).toEqual([3, ['open'], 'open'])
  })

  it('opens when faults follow one another, however slowly', async () => {
    const { behave, call, states } = guarded()
    for (let n = 0; n < 100; n += 1) await call()
    behave(down)
    for (let n = 0; n < 5; n += 1) {
      expect(states).toEqual([])
      await expect(call()).rejects.toThrow('down')
      vi.advanceTimersByTime(4000)
    }
    expect(states[0]).toBe('open')
  })

  it('never opens on refusals, on a full provider, or on a fault here and there', async () => {
    const { behave, call, states } = guarded()
    behave(async () => ({ kind: 'ok', effect: { status: 402, body: { code: 'DECLINED' } } }))
    for (let n = 0; n < 20; n += 1) await call()
    behave(async () => ({ kind: 'unavailable', retryAfterMs: 1000 }))
    for (let n = 0; n < 20; n += 1) await call()
    for (let n = 0; n < 20; n += 1) {
      behave(n % 2 === 0 ? down : async () => ok)
      await call().catch(() => undefined)
    }
    expect(states).toEqual([])
  })

  it('does not hold it against a provider that a local call had no time for its answer', async () => {
    const { behave, call, states } = guarded()
    behave(() => Promise.reject(new Fault('PROVIDER_TIMEOUT', 'late')))
    for (let n = 0; n < 10; n += 1) await expect(call(local)).rejects.toThrow('late')
    expect(states).toEqual([])
    behave(down)
    for (let n = 0; n < 10; n += 1) await call(local).catch(() => undefined)
    expect(states).toEqual(['open'])
  })

  it('lets one call through when it is half-open, and closes when that goes well', async () => {
    const { behave, call, states } = guarded()
    behave(down)
    for (let n = 0; n < 3; n += 1) await call().catch(() => undefined)
    vi.advanceTimersByTime(1000)
    let finish = (): void => undefined
    behave(
      () =>
        new Promise((resolve) => {
          finish = () => resolve(ok)
        }),
    )
    const probe = call()
    expect(await call()).toEqual({ kind: 'unavailable', why: 'BREAKER_OPEN' })
    finish()
    expect(await probe).toEqual(ok)
    expect(states).toEqual(['open', 'half-open', 'closed'])
  })

  it('stays open longer each time the call that finds out fails', async () => {
    const { behave, call, states } = guarded()
    behave(down)
    for (let n = 0; n < 3; n += 1) await call().catch(() => undefined)
    vi.advanceTimersByTime(1000)
    await expect(call()).rejects.toThrow('down')
    vi.advanceTimersByTime(1000)
    expect(await call()).toEqual({ kind: 'unavailable', why: 'BREAKER_OPEN' })
    vi.advanceTimersByTime(1000)
    await expect(call()).rejects.toThrow('down')
    expect(states).toEqual(['open', 'half-open', 'open', 'half-open', 'open'])
  })
})

describe('the bulkhead of a provider', () => {
  it('answers a local attempt without a permit with notLocal, and lets a queued one through', async () => {
    const { behave, call, provider } = guarded()
    behave(() => new Promise(() => undefined))
    for (let n = 0; n < 8; n += 1) void call(local)
    expect(await call(local)).toEqual({ kind: 'notLocal' })
    void call(queued)
    expect(provider.bulkhead()).toEqual({ limit: 18, inUse: 9 })
  })
})

describe('a provider whose limit adapts', () => {
  it('is not called above the limit: a local call becomes a queued one, and a queued one waits for another time', async () => {
    const { behave, call, provider } = guarded(createConcurrencyLimit(2))
    let made = 0
    behave(() => {
      made += 1
      return new Promise(() => undefined)
    })
    for (let n = 0; n < 2; n += 1) void call(queued)
    expect(await call(local)).toEqual({ kind: 'notLocal' })
    const waiting = call(queued)
    await vi.advanceTimersByTimeAsync(1000)
    expect(await waiting).toEqual({ kind: 'unavailable', why: 'PROVIDER_BUSY', retryAfterMs: 1000 })
    expect([made, provider.bulkhead()]).toEqual([2, { limit: 2, inUse: 2 }])
  })

  it('gives the turn of a call back when it fails or is not made', async () => {
    const { behave, call, states } = guarded(createConcurrencyLimit(2))
    behave(down)
    for (let n = 0; n < 3; n += 1) await expect(call()).rejects.toThrow('down')
    expect(await call()).toEqual({ kind: 'unavailable', why: 'BREAKER_OPEN' })
    vi.advanceTimersByTime(1000)
    behave(() => new Promise(() => undefined))
    void call()
    expect(await call()).toEqual({ kind: 'unavailable', why: 'BREAKER_OPEN' })
    expect(states).toEqual(['open', 'half-open'])
  })
})
