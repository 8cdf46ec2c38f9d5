import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Fault } from '../../faults.ts'
import { HEDGED_SHARE, hedgeReads, HEDGES_IN_A_ROW } from './hedge.ts'
import type { ProviderHttp, ProviderRequest } from './http.ts'

const READ = { method: 'GET', path: '/charges/key' } as const
const WRITES: ProviderRequest[] = [
  { method: 'POST', path: '/charges', idempotencyKey: 'key', body: {} },
  { method: 'PUT', path: '/charges/key/void' },
]
const attempt = { number: 2, isLocal: false, signal: new AbortController().signal }
const answerOf = (status: number) => ({ kind: 'ok', effect: { status, body: {} } }) as const
const down = new Fault('PROVIDER_ERROR', 'down')
const late = new Fault('PROVIDER_TIMEOUT', 'late')

/** What a copy comes to, and after how many milliseconds. */
interface Scripted {
  afterMs: number
  with: Awaited<ReturnType<ProviderHttp>> | Fault
}
const fast: Scripted = { afterMs: 5, with: answerOf(200) }

/** A provider that answers by a script, one entry a call, and fast after its end. */
function scripted() {
  const script: Scripted[] = []
  const calls: { request: ProviderRequest; isAborted: boolean }[] = []
  const hedges: string[] = []
  const http = hedgeReads({
    http: (request, { signal }) => {
      const { afterMs, with: result } = script.shift() ?? fast
      const call = { request, isAborted: false }
      calls.push(call)
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => (result instanceof Fault ? reject(result) : resolve(result)), afterMs)
        signal.addEventListener('abort', () => {
          clearTimeout(timer)
          call.isAborted = true
          reject(late)
        })
      })
    },
    onHedge: (what) => hedges.push(what),
  })
  return { http, script, calls, hedges }
}

/** A provider whose reads are known to be fast, with one hedge saved up; the script is empty again. */
async function warmedUp() {
  const provider = scripted()
  for (let n = 0; n < 20; n += 1) await passing(provider.http(READ, attempt))
  provider.calls.length = 0
  return provider
}

/** Lets time pass until it is settled. */
async function passing<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  await vi.advanceTimersByTimeAsync(10_000)
  return promise
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a late read', () => {
  it('is sent again, and the first that answers counts; the other is aborted', async () => {
    const { http, script, calls, hedges } = await warmedUp()
    script.push({ afterMs: 2000, with: answerOf(404) }, { afterMs: 5, with: answerOf(200) })
    expect(await passing(http(READ, attempt))).toEqual(answerOf(200))
    expect(calls.map(({ isAborted }) => isAborted)).toEqual([true, true])
    expect(hedges).toEqual(['sent', 'won'])
  })

  it('has the answer of its first copy where that comes before the second', async () => {
    const { http, script, calls, hedges } = await warmedUp()
    script.push({ afterMs: 300, with: answerOf(404) }, { afterMs: 2000, with: answerOf(200) })
    expect(await passing(http(READ, attempt))).toEqual(answerOf(404))
    expect([calls.length, calls[1]?.isAborted]).toEqual([2, true])
    expect(hedges).toEqual(['sent'])
  })

  it('waits for the other copy when one fails or is limited', async () => {
    const failures = [down, { kind: 'unavailable', why: 'RATE_LIMITED' }] as const
    for (const failure of failures) {
      const first = await warmedUp()
      first.script.push({ afterMs: 300, with: failure }, { afterMs: 500, with: answerOf(200) })
      expect(await passing(first.http(READ, attempt))).toEqual(answerOf(200))
      const second = await warmedUp()
      second.script.push({ afterMs: 500, with: answerOf(200) }, { afterMs: 5, with: failure })
      expect(await passing(second.http(READ, attempt))).toEqual(answerOf(200))
    }
  })

  it('fails as its first copy does when both fail', async () => {
    const { http, script } = await warmedUp()
    script.push(
      { afterMs: 500, with: down },
      { afterMs: 5, with: new Fault('PROVIDER_CONNECTION', 'hung up') },
    )
    await expect(passing(http(READ, attempt))).rejects.toBe(down)
  })

  it('is over when the time of its first copy is, for both', async () => {
    const { http, script, calls } = await warmedUp()
    const beganAt = performance.now()
    script.push({ afterMs: 4000, with: late }, { afterMs: 60_000, with: answerOf(200) })
    const ended = http(READ, attempt).catch((error: unknown) => [error, performance.now() - beganAt])
    expect(await passing(ended)).toEqual([late, 4000])
    expect(calls[1]?.isAborted).toBe(true)
  })

  it('is sent no third time, and not again when the attempt was given up', async () => {
    const { http, script, calls } = await warmedUp()
    script.push({ afterMs: 3000, with: answerOf(200) }, { afterMs: 3000, with: answerOf(200) })
    await passing(http(READ, attempt))
    expect(calls).toHaveLength(2)
    const givenUp = await warmedUp()
    givenUp.script.push({ afterMs: 3000, with: answerOf(200) })
    const signal = AbortSignal.abort()
    await passing(givenUp.http(READ, { ...attempt, signal }))
    expect(givenUp.calls).toHaveLength(1)
  })

  it('is sent once by a provider that has just limited us, and while too little is known', async () => {
    const { http, script, calls } = await warmedUp()
    script.push({ afterMs: 5, with: { kind: 'unavailable' } }, { afterMs: 3000, with: answerOf(200) })
    await passing(http(READ, attempt))
    await passing(http(READ, attempt))
    expect(calls).toHaveLength(2)
    const unknown = scripted()
    unknown.script.push({ afterMs: 3000, with: answerOf(200) })
    await passing(unknown.http(READ, attempt))
    expect(unknown.calls).toHaveLength(1)
  })

  it('is no longer late once all reads are as slow', async () => {
    const { http, script, hedges } = await warmedUp()
    for (let n = 0; n < 300; n += 1) {
      script.length = 0
      script.push({ afterMs: 2000, with: answerOf(200) }, { afterMs: 2000, with: answerOf(200) })
      await passing(http(READ, attempt))
      if (n === 150) hedges.length = 0
    }
    expect(hedges).toEqual([])
  })

  it('is found where a tenth is late, although the 95th percentile is one of them', async () => {
    const { http, script, hedges } = scripted()
    for (let n = 1; n <= 400; n += 1) {
      script.length = 0
      if (n % 10 === 0) script.push({ afterMs: 2000, with: answerOf(200) })
      await passing(http(READ, attempt))
    }
    expect(hedges.filter((what) => what === 'won').length).toBeGreaterThan(400 * HEDGED_SHARE * 0.8)
  })
})

describe('whatever a provider does', () => {
  const ms = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 3900 }))
  const result = fc.constantFrom<Scripted['with'][]>(answerOf(200), down, { kind: 'unavailable' })
  const entries = fc.array(fc.record({ afterMs: ms, with: result }), { minLength: 50, maxLength: 300 })

  it('no more than the share of the reads are sent twice at any time, and a few in a row', async () => {
    await fc.assert(
      fc.asyncProperty(entries, async (all) => {
        const { http, script, calls } = scripted()
        script.push(...all)
        const extra = [0]
        for (let reads = 1; script.length > 0; reads += 1) {
          await passing(http(READ, attempt).catch(() => undefined))
          extra.push(calls.length - reads)
        }
        for (const [reads, sofar] of extra.entries()) {
          expect(sofar).toBeLessThanOrEqual(reads * HEDGED_SHARE + 1e-6)
          const before = extra[Math.max(0, reads - 20)] ?? 0
          expect(sofar - before).toBeLessThanOrEqual(HEDGES_IN_A_ROW + 1)
        }
      }),
      { numRuns: 15 },
    )
  })

  it('a write is sent once', async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.infiniteStream(fc.constantFrom(...WRITES)), async (all, writes) => {
        const { http, script, calls } = await warmedUp()
        script.push(...all.slice(0, 30))
        let sent = 0
        for (const request of writes) {
          if (script.length === 0) break
          sent += 1
          await passing(
            http(request, { ...attempt, signal: new AbortController().signal }).catch(() => undefined),
          )
        }
        expect(calls.filter(({ request }) => request.method !== 'GET')).toHaveLength(sent)
        expect(calls.some(({ isAborted }) => isAborted)).toBe(false)
      }),
      { numRuns: 20 },
    )
  })
})
