import express, { type Express } from 'express'
import helmet from 'helmet'
import type { Logger } from 'pino'
import { pinoHttp } from 'pino-http'
import swaggerUi from 'swagger-ui-express'
import { limitRate } from './back-pressure.ts'
import { requestId, serve } from './http.ts'
import { createOpenApiDocument } from './openapi/document.ts'
import { createErrorHandler, describeProblem, HttpProblem } from './problem.ts'
import { createCatalogueRoutes, type CatalogueRoutes } from './routes/catalogue.ts'
import { createAccountRoutes, type AccountRoutes } from './routes/accounts.ts'
import { createStreamRoutes, type StreamRoutes } from './routes/streams.ts'
import { createTransferRoutes, type TransferRoutes } from './routes/transfers.ts'
import { createDeadLetterRoutes, type DeadLetterRoutes } from './routes/dead-letters.ts'
import { createOperationRoutes, type OperationRoutes } from './routes/operations.ts'
import { createHealthRoutes, type Health } from './routes/health.ts'
import { createOrderRoutes, type OrderRoutes } from './routes/orders.ts'
import { createReadModelRoutes, type ReadModelRoutes } from './routes/read-models.ts'

export interface AppOptions
  extends
    OrderRoutes,
    TransferRoutes,
    AccountRoutes,
    OperationRoutes,
    StreamRoutes,
    CatalogueRoutes,
    ReadModelRoutes,
    DeadLetterRoutes,
    Health {
  /** Requests per second of one caller. */
  ratePerSecond: number
  version: string
  log: Logger
}

/** The HTTP API. */
export function createApp(options: AppOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', false)
  // Plain HTTP on this machine: nothing may be upgraded to HTTPS.
  const security = helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } })
  app.use(requestId, security, requestLog(options.log))
  app.use(createHealthRoutes(options), limitRate(options.ratePerSecond))
  app.use(createOrderRoutes(options), createTransferRoutes(options), createAccountRoutes(options))
  app.use(createCatalogueRoutes(options), createOperationRoutes(options), createStreamRoutes(options))
  app.use(createReadModelRoutes(options), createDeadLetterRoutes(options))
  const document = createOpenApiDocument(options.version)
  serve(app, '/openapi.json', { get: (_request, response) => void response.json(document) })
  serve(app, '/problems/:type', { get: describeProblem })
  serve(app, '/', { get: (_request, response) => response.redirect('/docs/') })
  const page = swaggerUi.setup(document, { customSiteTitle: 'OrderSaga API' })
  serve(app, '/docs', { get: [...swaggerUi.serve, page] })
  app.use('/docs', swaggerUi.serve)
  app.use(() => {
    throw new HttpProblem('NOT_FOUND', 'There is nothing at this path.')
  })
  app.use(createErrorHandler(options.log))
  return app
}

/** A line a request, without anything that a client sent in a body, a query or a header. */
function requestLog(logger: Logger) {
  return pinoHttp({
    logger,
    genReqId: (_request, response) => String(response.getHeader('x-request-id')),
    customLogLevel: (_request, response) => (response.statusCode >= 500 ? 'warn' : 'debug'),
    serializers: {
      req: ({ id, method, url }: { id: string; method: string; url: string }) => ({
        id,
        method,
        path: url.split('?')[0],
      }),
      res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
    },
  })
}
