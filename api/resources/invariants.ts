import type { createInvariants } from '../../domain/operations/invariants.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { z } from '../zod.ts'

export const invariantList = z
  .object({
    ok: z.boolean(),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
  })
  .openapi('Invariants')

export interface InvariantResources {
  /** Its runs are shared by all who ask meanwhile. */
  invariants: ReturnType<typeof createInvariants>
}

export function invariantEndpoints({ invariants }: InvariantResources): Endpoint[] {
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
      async handle() {
        const { ok, checks } = await invariants.check()
        return reply(200, { ok, checks: checks.map(({ name, ok, detail }) => ({ name, ok, detail })) })
      },
    }),
  ]
}
