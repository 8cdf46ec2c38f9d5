import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { OrderWishes } from '../harness/api-client.ts'
import { countStatements } from '../harness/counted-statements.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { startWorld } from '../harness/world.ts'

/** The statements that are made for one order alone; each is a database transaction. */
const statements = countStatements()
const calls: string[] = []
let system: System
beforeAll(async () => {
  const world = await startWorld((request, _response, next) => {
    calls.push(`${request.path} ${request.get('idempotency-key')}`)
    next()
  })
  system = await startSystem({ world, events: true, choreography: true })
})
afterAll(async () => {
  await system.close()
  statements.stop()
})

/** A busy machine costs an order a second attempt now and then, but not all of so many. */
const TRIES_MAX = 15

/** What follows the last event of an order comes at once. */
const PATIENCE_MS = 60_000

interface Counts {
  statements: number
  /** Of its providers. */
  calls: number
  events: number
  /** Events of its workflow's history, and workflow tasks. */
  history: number
  tasks: number
  /** Of the payloads in its history, up to the next hundred. */
  bytes: number
}

const CASES: [what: string, wishes: OrderWishes, last: string, counts: Counts][] = [
  [
    'completed',
    {},
    'CustomerNotified',
    { statements: 10, calls: 2, events: 7, history: 11, tasks: 1, bytes: 1500 },
  ],
  [
    'declined',
    { paymentMethod: 'pm_declined' },
    'OrderRejected',
    { statements: 7, calls: 1, events: 5, history: 10, tasks: 1, bytes: 1600 },
  ],
  [
    'compensated',
    { service: 'refused' },
    'OrderRejected',
    { statements: 9, calls: 4, events: 7, history: 12, tasks: 1, bytes: 2000 },
  ],
  [
    'completed without a workflow',
    { coordination: 'choreography' },
    'CustomerNotified',
    { statements: 21, calls: 2, events: 7, history: 0, tasks: 0, bytes: 0 },
  ],
  [
    'compensated without a workflow',
    { coordination: 'choreography', service: 'refused' },
    'OrderRejected',
    { statements: 17, calls: 4, events: 7, history: 0, tasks: 0, bytes: 0 },
  ],
]

it.each(CASES)('an order that is %s costs exactly so much', async (_what, wishes, last, counts) => {
  let cost = await costOf(wishes, last, counts.statements)
  for (let tried = 1; tried < TRIES_MAX && !isDeepStrictEqual(cost, counts); tried += 1)
    cost = await costOf(wishes, last, counts.statements)
  expect(cost).toEqual(counts)
})

/** Places an order, and waits for its last event and for the statements that follow it. */
async function costOf(wishes: OrderWishes, last: string, expected: number): Promise<Counts> {
  const { id } = await system.api.place(wishes)
  const where = { streamId: `order-${id}` }
  // Read from the table: a request to the API would be one more statement.
  await until(`${last} of ${id}`, async () =>
    (await system.admin.event.count({ where: { ...where, type: last } })) > 0 ? true : undefined,
  )
  const made = await until(
    `${expected} statements`,
    () => {
      const count = statements.of(id)
      return count >= expected ? count : undefined
    },
    PATIENCE_MS,
  )
  const history = 'coordination' in wishes ? [] : (await system.api.history(id)).events
  return {
    statements: made,
    calls: calls.filter((call) => call.includes(id)).length,
    events: await system.admin.event.count({ where }),
    history: history.length,
    tasks: history.filter(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED').length,
    bytes: Math.ceil(bytesOfPayloads(history) / 100) * 100,
  }
}

/** Of the inputs, the results and the markers, as they are stored. */
function bytesOfPayloads(history: readonly unknown[]): number {
  let bytes = 0
  JSON.stringify(history, (key, value: unknown) => {
    if (key === 'data' && typeof value === 'string') bytes += Buffer.from(value, 'base64').length
    return value
  })
  return bytes
}
