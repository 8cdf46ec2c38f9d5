import { CONTRACTS } from '../api/contracts.ts'
import { createDocument } from '../api/document.ts'
import type { Endpoint } from '../api/endpoint.ts'
import { createEndpoints } from '../api/resources/index.ts'

/** Every endpoint without a system behind it, as it is for development: what serves them is not to be called. */
export function describedEndpoints(): Endpoint[] {
  const given = {
    contracts: CONTRACTS,
    ending: new AbortController().signal,
    identity: {},
    development: {},
  }
  const services = new Proxy(given, {
    get: (known, name) => Reflect.get(known, name) ?? (String(name).endsWith('Max') ? 1 : undefined),
  })
  return createEndpoints(services as never)
}

/** The contract. Its version is left out, so that it changes with the contract alone. */
export const describeApi = (): ReturnType<typeof createDocument> =>
  createDocument(describedEndpoints(), 'any')
