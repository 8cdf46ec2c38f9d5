import type { createDependencies } from '../../domain/operations/dependencies.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { z } from '../zod.ts'

export const dependencyList = z
  .object({
    data: z.array(
      z.object({
        provider: z.string(),
        breaker: z.enum(['closed', 'open', 'half-open', 'unknown']),
        bulkhead: z.object({ limit: z.int(), inUse: z.int() }),
        waiting: z.int().openapi({ description: 'Orders that wait for it.' }),
      }),
    ),
  })
  .openapi('Dependencies')

export interface DependencyResources {
  dependencies: ReturnType<typeof createDependencies>
}

export const dependencyEndpoints = ({ dependencies }: DependencyResources): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/operations/dependencies',
    summary: 'The providers, as the workers see them',
    answers: { 200: { description: 'Breakers, bulkheads, and who waits.', schema: dependencyList } },
    handle: async () => reply(200, { data: await dependencies.list() }),
  }),
]
