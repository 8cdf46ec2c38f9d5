import type { createMaintenance } from '../../domain/operations/maintenance.ts'
import { perProvider } from '../../providers.ts'
import { outlinesOf, type Contracts } from '../contracts.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { line, reason } from '../text.ts'
import { z } from '../zod.ts'
import { requireKnownStep } from './steps.ts'

const breakers = z.enum(['auto', 'open']).openapi({
  description: '`open`: the provider is not called, forward or back. `auto`: its breaker decides.',
})

const intake = z
  .enum(['open', 'paused'])
  .openapi({ description: '`paused`: new orders and transfers are answered with 503 `INTAKE_PAUSED`.' })

/** Steps that can be paused at once; there are fewer. */
const PAUSED_MAX = 100

const maintenanceRequest = z
  .strictObject({
    intake: intake.optional(),
    breakers: z.strictObject(perProvider(() => breakers.optional())).optional(),
    pausedSteps: z.array(line(60)).max(PAUSED_MAX).optional().openapi({
      description: 'Replaces the list. These steps do not go forward; their compensations do.',
    }),
    reason,
  })
  .openapi('MaintenanceRequest', { description: 'What is not named stays as it is.' })

const maintenance = z
  .object({
    intake,
    breakers: z.object(perProvider(() => breakers)),
    pausedSteps: z.array(z.string()).readonly(),
    reason: z.string().nullable().openapi({ description: 'Of the last change; null before any.' }),
  })
  .openapi('Maintenance')

export interface MaintenanceResources {
  contracts: Contracts
  maintenance: ReturnType<typeof createMaintenance>
}

/** What operators hold up. */
export function maintenanceEndpoints({ contracts, maintenance: desk }: MaintenanceResources): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/operations/maintenance',
      summary: 'What is held up by operators',
      answers: { 200: { description: 'All of it.', schema: maintenance } },
      handle: async () => reply(200, await desk.read()),
    }),
    endpoint({
      method: 'put',
      path: '/operations/maintenance',
      summary: 'Pause the intake or steps, hold breakers open, or give them back',
      body: maintenanceRequest,
      answers: {
        200: {
          description: 'In effect everywhere, and recorded with its reason: all of it as it is now.',
          schema: maintenance,
        },
      },
      problems: ['UNKNOWN_STEP'],
      async handle({ body: { reason, ...change }, principal }) {
        const steps = outlinesOf(contracts)
        change.pausedSteps?.forEach((step, index) => requireKnownStep(step, steps, `/pausedSteps/${index}`))
        return reply(200, await desk.change(change, { actor: principal.subject, reason }))
      },
    }),
  ]
}
