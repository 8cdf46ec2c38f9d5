import type pg from 'pg'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { HttpProblem } from '../problem.ts'
import { z } from '../zod.ts'

export interface HealthResources {
  /** Of its own: the pool of the orders may be all busy with a database that does not answer. */
  probe: pg.Pool
  /** Aborted when the process is to end: it is alive then, but wants no new work. */
  ending: AbortSignal
}

/** Ready means that orders are accepted, which takes PostgreSQL alone: Temporal may still be starting. */
export const healthEndpoints = ({ probe, ending }: HealthResources): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/livez',
    summary: 'Is the process alive?',
    isProbe: true,
    answers: { 200: { description: 'Yes.', schema: z.object({ status: z.literal('alive') }) } },
    handle: async () => reply(200, { status: 'alive' as const }),
  }),
  endpoint({
    method: 'get',
    path: '/readyz',
    summary: 'Are orders accepted?',
    isProbe: true,
    answers: { 200: { description: 'Yes.', schema: z.object({ status: z.literal('ready') }) } },
    problems: ['DEPENDENCY_UNAVAILABLE'],
    async handle() {
      const isReachable = await probe.query('SELECT').then(
        () => true,
        () => false,
      )
      if (!isReachable) throw new HttpProblem('DEPENDENCY_UNAVAILABLE', 'The database does not answer.')
      if (ending.aborted) throw new HttpProblem('DEPENDENCY_UNAVAILABLE', 'Shutting down.')
      return reply(200, { status: 'ready' as const })
    },
  }),
]
