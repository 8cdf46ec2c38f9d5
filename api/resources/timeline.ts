import type { Client } from '@temporalio/client'
import type { createTimeline, BegunStep } from '../../domain/operations/timeline.ts'
import type { Contracts } from '../contracts.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { time, uuidInPath } from '../parts.ts'
import { HttpProblem } from '../problem.ts'
import { z } from '../zod.ts'
import { READERS } from './freshness.ts'
import { PENDING_FIELDS, pendingOf, readPending } from './pending.ts'

const begunStep = z.object({
  name: z.string(),
  key: z.string().nullable().openapi({ description: 'What its provider is asked by; null without one.' }),
  begunAt: time,
  movedAt: time,
  attempts: z.int(),
  undoAttempts: z.int(),
  waitingFor: z.string().nullable(),
  parkedAt: time.nullable(),
  parkedError: z.string().nullable(),
  skippedAt: time.nullable(),
  reference: z.string().nullable().openapi({ description: 'What its provider calls it.' }),
})

export const timeline = z
  .object({
    steps: z.array(begunStep).openapi({ description: 'Those that have begun, in that order.' }),
    publications: z.array(z.object({ version: z.int(), publishedAt: time.nullable() })).openapi({
      description: 'Of its newest 500 events. One that was published over an hour ago may be missing.',
    }),
    readModels: z
      .array(z.object({ name: z.string(), version: z.int() }))
      .openapi({ description: 'How far each is with the events of this order: 0 before the first.' }),
    ...PENDING_FIELDS,
    actions: z
      .array(
        z.object({
          at: time,
          actor: z.string(),
          action: z.string(),
          step: z.string().nullable(),
          reason: z.string().nullable().openapi({ description: 'Null where it was erased.' }),
        }),
      )
      .openapi({ description: 'What operators did, the newest 500, oldest first.' }),
  })
  .openapi('OrderTimeline')

export interface TimelineResources {
  contracts: Contracts
  client: Client
  timeline: ReturnType<typeof createTimeline>
}

export function timelineEndpoints({ contracts, client, timeline: source }: TimelineResources): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/orders/{id}/timeline',
      summary: 'What has become of an order: its steps, its events on their way, and what is tried now',
      params: uuidInPath,
      absent: 'ORDER_NOT_FOUND',
      bound: READERS,
      answers: {
        200: {
          description: 'From the written tables, and from Temporal where a workflow runs it.',
          schema: timeline,
        },
      },
      async handle({ params: { id } }) {
        const found = await source.read(id)
        if (found === undefined) throw new HttpProblem('ORDER_NOT_FOUND')
        const { steps, publications, actions, readModels, reactions } = found
        const pending =
          reactions === undefined
            ? await readPending(client, contracts.order.workflowId(id))
            : pendingOf(reactions)
        return reply(200, {
          steps: steps.map(viewStep),
          publications: publications.map(({ version, publishedAt }) => ({
            version,
            publishedAt: publishedAt?.toISOString() ?? null,
          })),
          readModels,
          ...pending,
          actions: actions.map((action) => ({ ...action, at: action.at.toISOString() })),
        })
      },
    }),
  ]
}

const viewStep = ({ begunAt, movedAt, parkedAt, skippedAt, ...step }: BegunStep) => ({
  ...step,
  begunAt: begunAt.toISOString(),
  movedAt: movedAt.toISOString(),
  parkedAt: parkedAt?.toISOString() ?? null,
  skippedAt: skippedAt?.toISOString() ?? null,
})
