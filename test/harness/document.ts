import { CONTRACTS, type Contracts } from '../../api/contracts.ts'
import { createDocument } from '../../api/document.ts'
import type { Endpoint } from '../../api/endpoint.ts'

type Document = ReturnType<typeof createDocument>

const made = new Map<Contracts, Document>()

/** The document of an API that shows these sagas: made once in a process, since it takes a third of a second. */
export function documentOf(endpoints: readonly Endpoint[], contracts: Contracts = CONTRACTS): Document {
  const document = made.get(contracts) ?? createDocument(endpoints, 'test')
  made.set(contracts, document)
  return document
}
