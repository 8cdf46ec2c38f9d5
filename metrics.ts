import { createServer } from 'node:http'
import { once } from 'node:events'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { poolUse } from './postgres.ts'

/** The metrics of one process. */
export function createMetrics(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  void new Gauge({
    name: 'ordersaga_database_connections',
    help: 'Connections to PostgreSQL by pool: busy, open, the most there may be; and who waits for one',
    labelNames: ['pool', 'state'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [pool, use] of poolUse())
        for (const [state, count] of Object.entries(use)) this.set({ pool, state }, count)
    },
  })
  return registry
}

export interface MetricsPlace {
  host: string
  port: number
  /** What else is to be shown there, as Prometheus reads it: nothing when it cannot be had. */
  others?: () => Promise<string>
}

/** Serves them as text at /metrics, on a port of their own: what watches must not stand in the queue of the watched. */
export async function serveMetrics(
  registry: Registry,
  { host, port, others }: MetricsPlace,
): Promise<() => void> {
  if (port === 0) return () => undefined
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    Promise.all([registry.metrics(), others?.().catch(() => '')]).then(
      ([own, more = '']) => response.writeHead(200, { 'content-type': registry.contentType }).end(own + more),
      () => response.writeHead(500).end(),
    )
  })
  server.listen(port, host)
  await once(server, 'listening')
  return () => {
    server.close()
    server.closeAllConnections()
  }
}
