import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { Worker } from '@temporalio/worker'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { readConfig } from '../../config.ts'
import { startTestServer } from '../../stack/test-server.ts'
import { installRuntime } from '../../workers/runtime.ts'
import type { SagaInput } from '../../workflows/saga/contract.ts'
import { orderSaga } from '../../workflows/order/steps.ts'
import { returnSaga } from '../../workflows/return/steps.ts'
import type { SagaDefinition } from '../../workflows/saga/definition.ts'
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

interface Wishes {
  undo?: string[]
  input?: Partial<SagaInput>
  saga?: SagaDefinition
  /** How long it has, in milliseconds. */
  deadlineMs?: number
  /** What happens beside it. */
  meanwhile?: (workflowId: string) => Promise<void>
}

const runOrder = (script: Script, wishes: Wishes = {}) => runScripted('OrderSaga', script, wishes)
const runReturn = (script: Script, wishes: Wishes = {}) =>
  runScripted('ReturnSaga', script, { saga: returnSaga, deadlineMs: 30 * DAY_MS, ...wishes })

async function runScripted(
  type: string,
  script: Script,
  { undo = [], input = {}, saga = orderSaga, deadlineMs = 30 * MINUTE_MS, meanwhile }: Wishes,
) {
  made += 1
  const prefix = `time-${made}`
  const participants = scriptedParticipants(script, undo, saga)
  const workers = await Promise.all(
    participantsOf(saga).map((queue) =>
      Worker.create({
        connection: server.nativeConnection,
        taskQueue: `${prefix}.${queue}`,
        activities: participants.activities,
        ...(queue === saga.journal.at ? { workflowBundle: { codePath: inject('servers').bundle } } : {}),
      }),
    ),
  )
  const running = workers.map((worker) => worker.run())
  const beganMs = await server.currentTimeMs()
  const workflowId = `order-${prefix}`
  try {
    const deadlineAt = beganMs + deadlineMs
    const handle = await server.client.workflow.start(type, {
      workflowId,
      taskQueue: `${prefix}.${saga.journal.at}`,
      args: [{ id: prefix, definition: saga.name, deadlineAt, ...input }],
    })
    await meanwhile?.(workflowId)
    const result: unknown = await handle.result()
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

  const nothingSaid = { kind: 'unavailable', why: 'MESSAGE' } as const

  it('a return that hears nothing expires after thirty days, and has cost one timer', async () => {
    const { result, tookMs, events, count } = await runReturn({ restockReturn: [nothingSaid] })
    expect(result).toEqual({
      status: 'rejected',
      reason: { code: 'DEADLINE_EXCEEDED', step: 'restockReturn' },
    })
    expect(tookMs).toBeGreaterThanOrEqual(30 * DAY_MS)
    expect(tookMs).toBeLessThan(30 * DAY_MS + MINUTE_MS)
    expect(count('restockReturn')).toBe(1)
    const timers = events.filter(({ timerStartedEventAttributes }) => timerStartedEventAttributes)
    expect(timers).toHaveLength(1)
    expect(events.length).toBeLessThan(20)
  })

  it('a return whose parcel comes after twenty days is refunded then, and not before', async () => {
    const { result, tookMs, calls, count } = await runReturn(
      { restockReturn: [nothingSaid, nothingSaid, { kind: 'done' }] },
      {
        async meanwhile(workflowId) {
          for (const days of [3, 17]) {
            await server.sleep(days * DAY_MS)
            await server.client.workflow.getHandle(workflowId).executeUpdate('wake')
          }
        },
      },
    )
    expect(result).toEqual({ status: 'completed' })
    expect(tookMs).toBeGreaterThanOrEqual(20 * DAY_MS)
    expect(tookMs).toBeLessThan(20 * DAY_MS + MINUTE_MS)
    expect(count('restockReturn')).toBe(3)
    const names = calls.map(({ activity }) => activity)
    expect(names.slice(names.lastIndexOf('restockReturn'))).toEqual([
      'restockReturn',
      'revokeReturnPoints',
      'refundReturn',
    ])
  })
})
