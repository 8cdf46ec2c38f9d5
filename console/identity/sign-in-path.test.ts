import { expect, it } from 'vitest'
import { pathAfter, signInPath } from './sign-in-path.ts'

const ORIGIN = 'http://127.0.0.1:3000'

it.each(['/console/', '/console/orders?status=parked', '/console/orders/1?v=3#page'])(
  'goes on to %s after signing in',
  (next) => {
    expect(pathAfter(next, ORIGIN)).toBe(next)
  },
)

it.each([
  undefined,
  '',
  'https://evil.example/console/',
  '//evil.example/console/',
  '/\\evil.example/console/',
  '\\\\evil.example/console/',
  '/console/../docs',
  '/console/%2e%2e/docs',
  '/console.evil.example/',
  'javascript:alert(1)',
  'http://127.0.0.1:3000/console/orders',
  '/consoles/',
  '/console/sign-in?next=/console/orders',
  'console/orders',
])('goes on to the first page where %j is asked for', (next) => {
  expect(pathAfter(next, ORIGIN)).toBe('/console/')
})

it('keeps the whole path to come back to in one parameter', () => {
  const url = new URL(signInPath('/console/orders?status=parked&cursor=a#page'), ORIGIN)
  expect(url.pathname).toBe('/console/sign-in')
  expect([...url.searchParams]).toEqual([['next', '/console/orders?status=parked&cursor=a#page']])
})
