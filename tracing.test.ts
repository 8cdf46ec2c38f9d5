import { describe, expect, it } from 'vitest'
import {
  currentTraceId,
  currentTraceParent,
  inSpan,
  inTrace,
  recordedTraceId,
  withoutKeys,
} from './tracing.ts'

const ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const parent = (flags: string) => `00-${ID}-00f067aa0ba902b7-${flags}`

describe('a trace', () => {
  it.each([
    [parent('01'), ID],
    // Other flags say something else (W3C Trace Context, level 2).
    [parent('03'), ID],
    [parent('00'), undefined],
    [parent('02'), undefined],
    [`00-${ID}`, undefined],
    ['', undefined],
    [null, undefined],
  ])('%s is recorded under the id %s', (traceParent, id) => {
    expect(recordedTraceId(traceParent)).toBe(id)
  })

  it('is nowhere without an SDK: the work is done, and that is all', async () => {
    const seen = await inTrace(parent('01'), () =>
      inSpan('work', {}, async (span) => {
        span.setAttribute('a', 1)
        return [currentTraceId(), currentTraceParent()]
      }),
    )
    expect(seen).toEqual([undefined, undefined])
    await expect(
      inSpan('work', {}, async () => {
        throw new RangeError('no')
      }),
    ).rejects.toThrow(new RangeError('no'))
  })
})

it.each([
  ['/charges', '/charges'],
  ['/charges/order-1%3AchargePayment', '/charges/{key}'],
  ['/charges/order-1/void', '/charges/{key}/void'],
  ['/parcels?after=7&key=secret', '/parcels'],
])('the path %s is %s in a span', (path, shown) => {
  expect(withoutKeys(path)).toBe(shown)
})
