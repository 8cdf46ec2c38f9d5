import { describe, expect, it } from 'vitest'
import { PROVIDER_NAMES } from '../providers.ts'
import { PROVIDERS } from './providers.ts'

describe('the sandbox', () => {
  it('plays every provider that the application has, each in a collection and with lists of its own', () => {
    expect(PROVIDERS.map(({ name }) => name).toSorted()).toEqual(PROVIDER_NAMES.toSorted())
    const collections = PROVIDERS.map(({ collection }) => collection)
    expect(new Set(collections).size).toBe(collections.length)
    const lists = PROVIDERS.flatMap((kind) => Object.keys(kind.publish([])))
    expect(new Set(lists).size).toBe(lists.length)
    expect(lists).toEqual(expect.arrayContaining(collections))
  })
})
