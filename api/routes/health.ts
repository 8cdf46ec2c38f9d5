import { Router } from 'express'
import type { Database } from '../../prisma/client.ts'
import { serve } from '../http.ts'
import { sendProblem } from '../problem.ts'

export interface Health {
  db: Database
  /** A process that drains is alive, but wants no new work. */
  isDraining: () => boolean
}

/** Ready means that orders are accepted, which takes PostgreSQL alone: Temporal may still be starting. */
export function createHealthRoutes({ db, isDraining }: Health): Router {
  const router = Router()
  serve(router, '/livez', { get: (_request, response) => void response.json({ status: 'alive' }) })
  serve(router, '/readyz', {
    get: async (_request, response) => {
      const isReachable = await db.$queryRaw`SELECT 1`.then(
        () => true,
        () => false,
      )
      if (isReachable && !isDraining()) return void response.json({ status: 'ready' })
      sendProblem(
        response,
        'DEPENDENCY_UNAVAILABLE',
        isReachable ? 'Shutting down.' : 'The database does not answer.',
      )
    },
  })
  return router
}
