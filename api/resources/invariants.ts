import type { createInvariants } from '../../domain/operations/invariants.ts'
import { shareRuns } from '../../events/share-runs.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { z } from '../zod.ts'

export const invariantList = z
  .object({
    ok: z.boolean(),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
  })
  .openapi('Invariants')

export interface InvariantResources {
  invariants: ReturnType<typeof createInvariants>
}

export function invariantEndpoints({ invariants }: InvariantResources): Endpoint[] {
  const check = shareRuns(() => invariants.check())
  return [
    endpoint({
      method: 'get',
      path: '/operations/invariants',
      summary: 'Is everything true that must be?',
      answers: {
        200: {
          description:
            'Each check, over the tables and the providers’ ledgers. They are run once at a time, and those who ask ' +
            'meanwhile share the next run: what was done before the request came is seen.',
          schema: invariantList,
        },
      },
      handle: async () => reply(200, await check()),
    }),
  ]
}
