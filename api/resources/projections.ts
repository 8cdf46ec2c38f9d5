import type { createProjectionDesk, ProjectionStatus } from '../../read-models/projection-desk.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { ACCEPTED, accepted, time } from '../parts.ts'
import { HttpProblem } from '../problem.ts'
import { z } from '../zod.ts'
import { FRESHNESS } from './freshness.ts'

export const projectionList = z
  .object({
    data: z.array(
      z.object({
        name: z.string(),
        generation: z
          .int()
          .openapi({ description: 'Of the rows that are read: one more with each rebuild.' }),
        ...FRESHNESS,
        streamsSetAside: z
          .int()
          .openapi({ description: 'Of these it has nothing newer: see the dead letters.' }),
        rebuild: z.object({
          state: z.enum(['none', 'wished', 'running', 'done']),
          rebuiltEvents: z.int(),
          totalEvents: z.int(),
          startedAt: time.nullable(),
          finishedAt: time.nullable(),
        }),
      }),
    ),
  })
  .openapi('Projections')

export interface ProjectionResources {
  projections: ReturnType<typeof createProjectionDesk>
}

/** What operators see of the read models. */
export const projectionEndpoints = ({ projections }: ProjectionResources): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/operations/projections',
    summary: 'The read models: lag, generation, and how far a rebuild is',
    answers: { 200: { description: 'All of them.', schema: projectionList } },
    handle: async () => reply(200, { data: (await projections.list()).map(viewProjection) }),
  }),
  endpoint({
    method: 'post',
    path: '/operations/projections/{name}/rebuild',
    summary: 'Build a read model again from zero, while it is read',
    params: z.object({ name: z.string().regex(/^[a-z-]{1,60}$/) }),
    absent: 'PROJECTION_NOT_FOUND',
    answers: {
      202: {
        description: 'The projector does it; while one runs, another wish changes nothing.',
        schema: accepted,
        headers: z.object({ Location: z.string() }),
      },
    },
    async handle({ params: { name } }) {
      if (!(await projections.wishRebuild(name))) throw new HttpProblem('PROJECTION_NOT_FOUND')
      return { ...ACCEPTED, headers: { location: '/operations/projections' } }
    },
  }),
]

const viewProjection = ({ asOf, rebuild, ...status }: ProjectionStatus) => ({
  ...status,
  asOf: asOf.toISOString(),
  rebuild: {
    ...rebuild,
    startedAt: rebuild.startedAt?.toISOString() ?? null,
    finishedAt: rebuild.finishedAt?.toISOString() ?? null,
  },
})
