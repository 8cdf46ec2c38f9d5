import { CONTRACTS } from '../api/contracts.ts'
import { createDocument } from '../api/document.ts'
import { createEndpoints } from '../api/resources/index.ts'

/**
 * The contract without a system behind it, as it is for development: what serves the endpoints is not called when they
 * are described. Its version is left out, so that it changes with the contract alone.
 */
export function describeApi(): ReturnType<typeof createDocument> {
  const given = { contracts: CONTRACTS, ending: new AbortController().signal, identity: {}, development: {} }
  const services = new Proxy(given, {
    get: (known, name) => Reflect.get(known, name) ?? (String(name).endsWith('Max') ? 1 : undefined),
  })
  return createDocument(createEndpoints(services as never), 'any')
}
