import { Router } from 'express'
import type { Database } from '../../prisma/client.ts'
import { serve } from '../http.ts'
import { sendProblem } from '../problem.ts'

export interface Health {
  db: Database
  /** Aborted when the process is to end: it is alive then, but wants no new work. */
  ending: AbortSignal
}

/** Ready means that orders are accepted, which takes PostgreSQL alone: Temporal may still be starting. */
export function createHealthRoutes({ db, ending }: Health): Router {
  const router = Router()
  serve(router, '/livez', { get: (_request, response) => void response.json({ status: 'alive' }) })
  serve(router, '/readyz', {
    get: async (_request, response) => {
      const isReachable = await db.$queryRaw`SELECT 1`.then(
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
