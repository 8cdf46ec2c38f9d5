import express, { type ErrorRequestHandler, type Express, type Request } from 'express'
import { createFaultSwitch } from './faults.ts'
import type { Ledger } from './ledger.ts'
import { createParcels } from './parcels.ts'
import { createProvider, publishProvider } from './provider.ts'
import { PROVIDERS } from './providers.ts'
import { traceRequests } from '../trace-requests.ts'
import { withoutKeys } from '../tracing.ts'

/** The outside world, for development: every provider behind one address, with a ledger to read and a fault switch. */
export function createSandbox(ledger: Ledger): Express {
  const app = express()
  const faults = createFaultSwitch(PROVIDERS.map(({ name }) => name))
  app.disable('x-powered-by')
  app.use(traceRequests(routeOf), express.json({ limit: '64kb' }))
  app.get('/livez', (_request, response) => void response.json({ status: 'ok' }))
  app.get('/ledger', (_request, response) => {
    response.json(publishAll(ledger))
  })
  app
    .route('/faults')
    .get((_request, response) => void response.json(faults.current()))
    .put((request, response) => {
      if (!faults.replace(request.body)) return void response.status(422).json({ code: 'INVALID_FAULTS' })
      response.json(faults.current())
    })
    .delete((_request, response) => {
      faults.replace({})
      response.json(faults.current())
    })
  for (const kind of PROVIDERS) app.use(createProvider(kind, ledger, faults))
  app.use(createParcels(ledger, faults))
  app.use((_request, response) => void response.status(404).json({ code: 'NOT_FOUND' }))
  app.use(answerBadRequest)
  return app
}

/** Of a call that is made in a trace: no other begins one. */
const routeOf = ({ path, headers }: Request): string | undefined =>
  headers['traceparent'] === undefined ? undefined : withoutKeys(path)

/** What all providers did, by list; two of them may be one list's. */
function publishAll(ledger: Ledger): Record<string, object[]> {
  const lists: Record<string, object[]> = {}
  for (const kind of PROVIDERS)
    for (const [name, rows] of Object.entries(publishProvider(kind, ledger)))
      lists[name] = [...(lists[name] ?? []), ...rows]
  return lists
}

/** Four parameters: that is how Express knows it. */
const answerBadRequest: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) return next(error)
  const isTheirs = error instanceof SyntaxError || error instanceof URIError
  response.status(isTheirs ? 400 : 500).json({ code: isTheirs ? 'MALFORMED' : 'INTERNAL' })
}
