import type { createOverview, Overview } from '../../domain/operations/overview.ts'
import { BUCKET_SECONDS } from '../../domain/operations/throughput.ts'
import { SAGA_STATUSES } from '../../domain/saga/status.ts'
import { shareRuns } from '../../events/share-runs.ts'
import { LEADER_LOCKS, type Office } from '../../locks.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { sumMinor, time } from '../parts.ts'
import { z } from '../zod.ts'

const status = z.enum(SAGA_STATUSES)
const counts = z.array(z.object({ status, count: z.int() }))
const amount = z.object({ currency: z.string(), amountMinor: sumMinor })

const orders = z.object({
  open: counts.openapi({ description: 'Every status that is not the last, also those that no order has.' }),
  lastDay: counts.openapi({ description: 'Of the orders that were placed within 24 hours: every status.' }),
  oldestOpen: z.object({ id: z.uuid(), status, createdAt: time }).nullable(),
  atRisk: z
    .array(amount.extend({ orders: z.int() }))
    .openapi({ description: 'Totals of the orders that wait, compensate or are parked.' }),
})

const bucket = z.object({
  at: time.openapi({ description: 'When it begins.' }),
  placed: z.int(),
  completed: z.int(),
  rejected: z.int(),
  cancelled: z.int(),
})

const latency = z.object({
  sample: z.int().openapi({
    description: 'How many orders it is of: those that ended last, within the last hour, at most 1,000.',
  }),
  toTerminalMs: z.object({ p50: z.int(), p99: z.int() }).nullable(),
  steps: z
    .array(z.object({ name: z.string(), count: z.int(), p50Ms: z.int(), p99Ms: z.int() }))
    .openapi({ description: 'A step takes from the end of the one before it to its own.' }),
})

const connected = z.object({
  name: z
    .string()
    .openapi({ description: 'As its connections call themselves.', example: 'ordersaga-relay' }),
  connections: z.int(),
  leaderOf: z.array(z.enum(Object.keys(LEADER_LOCKS) as [Office, ...Office[]])),
})

export const overview = z
  .object({
    asOf: time,
    orders,
    throughput: z.object({
      bucketSeconds: z.int(),
      buckets: z
        .array(bucket)
        .openapi({ description: 'The last ten minutes, oldest first. The last one is not over yet.' }),
    }),
    latency,
    starts: z
      .object({ backlog: z.int(), oldestAt: time.nullable() })
      .openapi({ description: 'Sagas whose workflow is not yet known to run.' }),
    wakes: z.object({ backlog: z.int() }),
    outbox: z.object({ unpublished: z.int(), oldestAt: time.nullable() }),
    deadLetters: z.object({ parked: z.int(), retrying: z.int(), behind: z.int() }),
    parked: z.object({ steps: z.int(), amounts: z.array(amount) }),
    orphans: z.object({ count: z.int(), oldestSince: time.nullable() }),
    processes: z
      .array(connected)
      .openapi({ description: 'Who is connected to the database, and who leads.' }),
  })
  .openapi('OperationsOverview')

export interface OverviewResources {
  overview: ReturnType<typeof createOverview>
}

export function overviewEndpoints({ overview: source }: OverviewResources): Endpoint[] {
  const read = shareRuns(() => source.read())
  return [
    endpoint({
      method: 'get',
      path: '/operations/overview',
      summary: 'How the system is: orders, queues, failures and processes at a glance',
      answers: {
        200: {
          description:
            'From the written tables. It is read once at a time, and those who ask meanwhile share the next run.',
          schema: overview,
        },
      },
      handle: async () => reply(200, view(await read())),
    }),
  ]
}

const iso = (moment: Date | null) => moment?.toISOString() ?? null

const view = ({ orders, throughput, starts, outbox, orphans, ...rest }: Overview) => ({
  ...rest,
  asOf: rest.asOf.toISOString(),
  orders: {
    ...orders,
    oldestOpen: orders.oldestOpen && {
      ...orders.oldestOpen,
      createdAt: orders.oldestOpen.createdAt.toISOString(),
    },
  },
  throughput: {
    bucketSeconds: BUCKET_SECONDS,
    buckets: throughput.map((each) => ({ ...each, at: each.at.toISOString() })),
  },
  starts: { ...starts, oldestAt: iso(starts.oldestAt) },
  outbox: { ...outbox, oldestAt: iso(outbox.oldestAt) },
  orphans: { ...orphans, oldestSince: iso(orphans.oldestSince) },
})
