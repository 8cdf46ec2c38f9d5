import { Router } from 'express'
import type pg from 'pg'
import { serve } from '../http.ts'
import { sendProblem } from '../problem.ts'

export interface Health {
  /** Of its own: the pool of the orders may be all busy with a database that does not answer. */
  probe: pg.Pool
  /** Aborted when the process is to end: it is alive then, but wants no new work. */
  ending: AbortSignal
}

/** Ready means that orders are accepted, which takes PostgreSQL alone: Temporal may still be starting. */
export function createHealthRoutes({ probe, ending }: Health): Router {
  const router = Router()
  serve(router, '/livez', { get: (_request, response) => void response.json({ status: 'alive' }) })
  serve(router, '/readyz', {
    get: async (_request, response) => {
      const isReachable = await probe.query('SELECT').then(
        () => true,
        () => false,
      )
      if (isReachable && !ending.aborted) return void response.json({ status: 'ready' })
      sendProblem(
        response,
        'DEPENDENCY_UNAVAILABLE',
        isReachable ? 'Shutting down.' : 'The database does not answer.',
      )
    },
  })
  return router
}
