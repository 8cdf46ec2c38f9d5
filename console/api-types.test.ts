import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { TYPES, typesSeal } from '../stack/console-types.ts'

it('the console’s types are those of today’s API: otherwise run npm run console:types', () => {
  expect(readFileSync(TYPES, 'utf8').split('\n')[0]).toBe(typesSeal())
})
