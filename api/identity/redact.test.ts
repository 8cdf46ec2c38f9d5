import { expect, it } from 'vitest'
import { makeApiKey } from '../../api-key.ts'
import { withoutSecrets } from './redact.ts'

it('of a key its id is left, and of a token nothing', () => {
  const { id, key } = makeApiKey()
  expect(withoutSecrets(`keys/${key} and ${key}`)).toBe(`keys/os_${id}_… and os_${id}_…`)
  expect(withoutSecrets('of eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl.')).toBe('of eyJ….')
  expect(withoutSecrets('orders/01a00000-0000-7000-8000-000000000000')).toBe(
    'orders/01a00000-0000-7000-8000-000000000000',
  )
})
