import type { Request, Response } from 'express'
import { describe, expect, it } from 'vitest'
import { guardEdge, hostNamed, type EdgeOptions } from './edge.ts'
import { HttpProblem } from './problem.ts'

interface Asked {
  method?: string
  path?: string
  url?: string
  headers: Record<string, string>
}

/** The code with which it is refused; undefined when it is let through. */
function refusal(
  options: Partial<EdgeOptions>,
  { method = 'GET', path = '/orders', url = path, headers }: Asked,
) {
  const guard = guardEdge({
    allowedHosts: [],
    host: '127.0.0.1',
    origins: [],
    isOpen: false,
    probes: ['/livez'],
    ...options,
  })
  try {
    guard({ method, path, url, headers } as unknown as Request, {} as Response, () => undefined)
    return undefined
  } catch (error) {
    return error instanceof HttpProblem ? error.code : error
  }
}

describe('a request for a host', () => {
  const at = (host: string, options: Partial<EdgeOptions> = {}, path?: string) =>
    refusal(options, { headers: { host }, ...(path === undefined ? {} : { path }) })

  it.each([
    'localhost',
    'localhost:3000',
    'LOCALHOST:1',
    '127.0.0.1:3000',
    '127.8.8.8',
    '[::1]:3000',
    'shop.localhost',
  ])('of this machine is let through: %s', (host) => expect(at(host)).toBeUndefined())

  it.each([
    'evil.example',
    'evil.example:3000',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    '[::2]',
    'evil.example:localhost',
    '',
    'a b',
  ])('that is not ours is refused, be it a page that has bound its name to this address: %s', (host) =>
    expect(at(host)).toBe('MISDIRECTED_REQUEST'),
  )

  it('that HOST names is let through, and no other', () => {
    expect(at('orders.internal:3000', { host: 'orders.internal' })).toBeUndefined()
    expect(at('other.internal:3000', { host: 'orders.internal' })).toBe('MISDIRECTED_REQUEST')
  })

  it('is let through by ALLOWED_HOSTS alone, where that is set', () => {
    const options = { allowedHosts: ['Orders.Example'] }
    expect(at('orders.example', options)).toBeUndefined()
    expect(at('orders.example.:443', options)).toBeUndefined()
    expect(at('localhost', options)).toBe('MISDIRECTED_REQUEST')
  })

  it('is known by the URL that it asks for, where that has a host', () => {
    const asked = (url: string) => refusal({}, { url, headers: { host: 'localhost' } })
    expect(asked('http://evil.example/orders')).toBe('MISDIRECTED_REQUEST')
    expect(asked('http://localhost:3000/orders')).toBeUndefined()
    expect(asked('*')).toBe('MISDIRECTED_REQUEST')
  })

  it('is let through to a probe when it is an address, which is all that an orchestrator knows', () => {
    expect(at('10.1.2.3:3000', {}, '/livez')).toBeUndefined()
    expect(at('localhost', { allowedHosts: ['orders.example'] }, '/livez')).toBeUndefined()
    expect(at('evil.example', {}, '/livez')).toBe('MISDIRECTED_REQUEST')
  })
})

describe('a change', () => {
  const from = (headers: Record<string, string>, options: Partial<EdgeOptions> = {}, method = 'POST') =>
    refusal(options, { method, headers: { host: 'localhost:3000', ...headers } })

  it('by a client that is no browser says nothing, and is let through', () => {
    expect(from({})).toBeUndefined()
  })

  it('by a page of this origin is let through', () => {
    expect(from({ origin: 'http://localhost:3000', 'sec-fetch-site': 'same-origin' })).toBeUndefined()
    expect(
      from({ origin: 'https://orders.example', host: 'orders.example' }, { host: 'orders.example' }),
    ).toBeUndefined()
    expect(
      from({ origin: 'https://orders.example', host: 'orders.example:443' }, { host: 'orders.example' }),
    ).toBeUndefined()
  })

  it.each([
    { origin: 'http://evil.example' },
    { origin: 'http://localhost:3001' },
    { origin: 'https://localhost' },
    { origin: 'null' },
    { origin: '' },
    { 'sec-fetch-site': 'cross-site' },
  ])('by a page of another origin is refused: %j', (headers) => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
      expect([method, from(headers, {}, method)]).toEqual([method, 'FORBIDDEN_ORIGIN'])
    expect(from(headers, {}, 'GET')).toBeUndefined()
  })

  it('by a page that CORS_ORIGINS names is let through', () => {
    const options = { origins: ['https://shop.example'] }
    expect(from({ origin: 'https://shop.example', 'sec-fetch-site': 'cross-site' }, options)).toBeUndefined()
    expect(from({ origin: 'https://shop.example.evil.example' }, options)).toBe('FORBIDDEN_ORIGIN')
  })
})

it.each(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-anything'])(
  'what comes through a proxy (%s) is refused in open mode alone',
  (header) => {
    const asked = { headers: { host: 'localhost', [header]: 'for=1.2.3.4' } }
    expect(refusal({ isOpen: true }, asked)).toBe('FORBIDDEN_PROXY')
    expect(refusal({ isOpen: false }, asked)).toBeUndefined()
  },
)

it.each([
  ['Localhost:80', 'localhost'],
  ['[::1]:80', '[::1]'],
  ['[::1]', '[::1]'],
  ['a.example.', 'a.example'],
])('the host of %s is %s', (header, host) => expect(hostNamed(header)).toBe(host))
