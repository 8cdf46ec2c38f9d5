import { describe, expect, it } from 'vitest'
import { PROVIDER_NAMES } from '../providers.ts'
import { PROVIDERS } from './providers.ts'

describe('the sandbox', () => {
  it('plays every provider that the application has, each with collections and lists of its own', () => {
    expect([...new Set(PROVIDERS.map(({ name }) => name))].toSorted()).toEqual(PROVIDER_NAMES.toSorted())
    const collections = PROVIDERS.map(({ collection }) => collection)
    expect(new Set(collections).size).toBe(collections.length)
    const providersOf = new Map<string, Set<string>>()
    for (const kind of PROVIDERS)
      for (const list of Object.keys(kind.publish([])))
        providersOf.set(list, new Set([...(providersOf.get(list) ?? []), kind.name]))
    expect([...providersOf.values()].filter(({ size }) => size > 1)).toEqual([])
  })
})
