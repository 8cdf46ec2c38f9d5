import { CONTRACTS, type Contracts } from '../../api/contracts.ts'
import { createDocument } from '../../api/document.ts'
import type { Endpoint } from '../../api/endpoint.ts'

type Document = ReturnType<typeof createDocument>

const made = new Map<Contracts, Map<string, Document>>()

/**
 * The document of an API that shows these sagas: made once in a process for the same endpoints, since it takes a third
 * of a second.
 */
export function documentOf(endpoints: readonly Endpoint[], contracts: Contracts = CONTRACTS): Document {
  const ofContracts = made.get(contracts) ?? new Map<string, Document>()
  made.set(contracts, ofContracts)
  const which = endpoints.map(({ method, path }) => `${method} ${path}`).join()
  const document = ofContracts.get(which) ?? createDocument(endpoints, 'test')
  ofContracts.set(which, document)
  return document
}
