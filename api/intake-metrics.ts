import type { RequestHandler } from 'express'
import { Counter, Histogram, type Registry } from 'prom-client'
import type { Endpoint } from './endpoint.ts'
import { nameOf, PLACING } from './identity/access.ts'
import { indexPaths } from './mount.ts'
import { problemIn, PROBLEMS } from './problem.ts'

/** Seconds until the answer. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** How the intake fails. */
const FAILURES = ['INTERNAL', 'OVERLOADED', 'INTAKE_PAUSED', 'DEPENDENCY_UNAVAILABLE'] as const

/** Counts what is asked to be taken in, by how it was answered and, where it was refused, why. */
export function countIntake(registry: Registry, endpoints: readonly Endpoint[]): RequestHandler {
  const registers = [registry]
  const requests = new Counter({
    name: 'ordersaga_intake_requests_total',
    help: 'Requests that ask for an order, a return or a transfer, by their answers; no code: it was taken in',
    labelNames: ['intake', 'status', 'code'],
    registers,
  })
  const seconds = new Histogram({
    name: 'ordersaga_intake_seconds',
    help: 'Until they were answered',
    labelNames: ['intake'],
    buckets: SECONDS,
    registers,
  })
  const intakes = endpoints.filter((endpoint) => PLACING.has(nameOf(endpoint)))
  // From the start: a series that begins at one has not increased, and the first failures are to be seen.
  for (const { path: intake } of intakes) {
    requests.inc({ intake, status: 202, code: '' }, 0)
    for (const code of FAILURES) requests.inc({ intake, status: PROBLEMS[code][0], code }, 0)
  }
  const intakeAt = indexPaths(intakes)
  return (request, response, next) => {
    const endpoint = request.method === 'POST' ? intakeAt(request.path) : undefined
    if (endpoint !== undefined) {
      const intake = endpoint.path
      const beganAt = performance.now()
      response.once('finish', () => {
        requests.inc({ intake, status: response.statusCode, code: problemIn(response) ?? '' })
        seconds.observe({ intake }, (performance.now() - beganAt) / 1000)
      })
    }
    next()
  }
}
