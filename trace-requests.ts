import type { RequestHandler } from 'express'
import { inRequestSpan } from './tracing.ts'

/**
 * Makes a span of each request that has a route.
 * @param routeOf the route that a request is for, e.g. `/orders/{id}`: a path may name people, and a route does not.
 * Undefined for a request of which no span is made.
 */
export function traceRequests(
  routeOf: (request: Parameters<RequestHandler>[0]) => string | undefined,
): RequestHandler {
  return (request, response, next) => {
    const route = routeOf(request)
    if (route === undefined) return next()
    const { method } = request
    const attributes = { 'http.request.method': method, 'http.route': route }
    inRequestSpan(`${method} ${route}`, attributes, request.get('traceparent'), (span) => {
      // Also when the client hangs up.
      response.once('close', () => {
        span.setAttribute('http.response.status_code', response.statusCode)
        if (response.statusCode >= 500) span.fail(String(response.statusCode))
        span.end()
      })
      next()
    })
  }
}
