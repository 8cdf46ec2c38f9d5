import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { Worker } from '@temporalio/worker'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { readConfig } from '../../config.ts'
import { startTestServer } from '../../stack/test-server.ts'
import { installRuntime } from '../../workers/runtime.ts'
import type { SagaInput } from '../../workflows/saga/contract.ts'
import { orderSaga } from '../../workflows/order/steps.ts'
import { ATTEMPTS } from '../../workflows/saga/policies.ts'
import { participantsOf } from '../harness/saga-steps.ts'
import { scriptedParticipants, type Script } from './scripted-participants.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** Long waits, on a server whose clock skips them. It is one clock for the whole server: these tests run in turn. */
let server: TestWorkflowEnvironment
beforeAll(async () => {
  installRuntime(pino({ level: 'silent' }))
  server = await startTestServer(readConfig(), (line) => process.stderr.write(`${line}\n`))
})
afterAll(() => server.teardown())

let made = 0

async function runOrder(
  script: Script,
  { undo = [], input = {} }: { undo?: string[]; input?: Partial<SagaInput> } = {},
) {
  made += 1
  const prefix = `time-${made}`
  const participants = scriptedParticipants(script, undo)
  const workers = await Promise.all(
    participantsOf(orderSaga).map((queue) =>
      Worker.create({
        connection: server.nativeConnection,
        taskQueue: `${prefix}.${queue}`,
        activities: participants.activities,
        ...(queue === orderSaga.journal.at ? { workflowBundle: { codePath: inject('servers').bundle } } : {}),
      }),
    ),
  )
  const running = workers.map((worker) => worker.run())
  const beganMs = await server.currentTimeMs()
  const workflowId = `order-${prefix}`
  try {
    const deadlineAt = beganMs + 30 * MINUTE_MS
    const result: unknown = await server.client.workflow.execute('OrderSaga', {
      workflowId,
      taskQueue: `${prefix}.order`,
      args: [{ id: prefix, definition: orderSaga.name, deadlineAt, ...input }],
    })
    const handle = server.client.workflow.getHandle(workflowId)
    const { closeTime } = await handle.describe()
    const { events } = await handle.fetchHistory()
    return { result, tookMs: (closeTime?.getTime() ?? 0) - beganMs, events: events ?? [], ...participants }
  } finally {
    for (const worker of workers) worker.shutdown()
    await Promise.all(running)
  }
}

const unavailable = { kind: 'unavailable' } as const
const repeat = <T>(what: T, times: number): T[] => Array.from({ length: times }, () => what)

describe('time passes, and', () => {
  it('an order waits for a provider that is down for ten minutes, and is completed', async () => {
    // 1 + 2 + 4 + … + 32 seconds, then minutes: ten minutes are 15 waits.
    const { result, tookMs, count, events } = await runOrder({
      chargePayment: [...repeat(unavailable, 15), { kind: 'done' }],
    })
    expect(result).toEqual({ status: 'completed' })
    expect(tookMs).toBeGreaterThan(10 * MINUTE_MS)
    expect(tookMs).toBeLessThan(15 * MINUTE_MS)
    expect(count('chargePayment')).toBe(16)
    // As the history has it: a slow machine may repeat what was not recorded yet.
    const recorded = events.filter(({ markerRecordedEventAttributes: marker }) =>
      marker?.details?.['data']?.payloads?.some(({ data }) =>
        Buffer.from(data ?? []).includes('noteOrderProgress'),
      ),
    )
    expect(recorded).toHaveLength(1)
  })

  it('an order whose provider stays away is turned back at its deadline, not later', async () => {
    const { result, tookMs } = await runOrder(
      { chargePayment: [unavailable] },
      { undo: ['chargePayment', 'reserveInventory'] },
    )
    expect(result).toEqual({
      status: 'rejected',
      reason: { code: 'DEADLINE_EXCEEDED', step: 'chargePayment' },
    })
    expect(tookMs).toBeGreaterThanOrEqual(30 * MINUTE_MS)
    expect(tookMs).toBeLessThan(31 * MINUTE_MS)
  })

  it('attempts that fail without end are spent, within seconds', async () => {
    const { result, tookMs, count } = await runOrder(
      { chargePayment: [{ fault: 'down' }] },
      { undo: ['chargePayment'] },
    )
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'STEP_FAILED' } })
    expect(count('chargePayment')).toBe(ATTEMPTS.giveUp)
    // 200 + 400 + 800 + 1600 milliseconds between them.
    expect(tookMs).toBeGreaterThanOrEqual(3000)
    expect(tookMs).toBeLessThan(20_000)
  })

  it('an order whose refund fails for a month is parked all the time, continues as new, and is undone in the end', async () => {
    const rounds = 130
    const { result, tookMs, events, calls, count } = await runOrder(
      {
        createShipment: [{ kind: 'refused', code: 'SHIPMENT_REFUSED' }],
        refundPayment: [...repeat({ fault: 'down' }, ATTEMPTS.untilDone * rounds), { kind: 'done' }],
      },
      { undo: ['chargePayment', 'reserveInventory'] },
    )
    expect(result).toEqual({
      status: 'rejected',
      reason: { code: 'SHIPMENT_REFUSED', step: 'createShipment' },
    })
    expect(tookMs).toBeGreaterThan(30 * DAY_MS)
    expect(count('refundPayment')).toBe(ATTEMPTS.untilDone * rounds + 1)
    expect(events.length).toBeLessThan(1500)
    expect(events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId).not.toBe('')
    const parked = calls.filter(({ input }) => JSON.stringify(input).includes('"parked"'))
    expect(parked.length).toBeGreaterThanOrEqual(rounds - 1)
  })
})
