import { Counter, Histogram, type Registry } from 'prom-client'
import type { AccountRefusal } from '../domain/account/account.ts'
import { DECIDED_WITHIN_SECONDS } from '../domain/operations/objective.ts'
import { REASON_CODES } from '../domain/order/reasons.ts'
import { PARTICIPANTS } from '../domain/participants.ts'
import { allSteps } from '../domain/saga/step.ts'
import type { StoredEvent } from '../events/store/event.ts'
import { SAGA_KINDS, sagaNamed, type SagaKind } from '../domain/saga/ids.ts'
import { codeIn, endOf, SAGA_OUTCOMES } from '../domain/operations/saga-ends.ts'

/** Seconds from a request to its end: healthy orders take less than one, waiting ones up to their deadline. */
const SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, DECIDED_WITHIN_SECONDS, 30, 60, 300, 1800, 7200]

/** The events with which sagas begin. */
const BEGINNINGS: Readonly<Record<string, SagaKind>> = {
  OrderPlaced: 'order',
  TransferRequested: 'transfer',
  ReturnRequested: 'return',
}
const STEPS = allSteps(PARTICIPANTS)
const UNDONE_BY = new Map(
  STEPS.flatMap(({ name, events }) => events.undone.map((type) => [type, name] as const)),
)

/** The codes that a saga may have as its reason. Any other is counted as one: no label is made of data. */
const CODES = new Set<string>([
  ...REASON_CODES,
  ...STEPS.flatMap(({ refuses }) => refuses),
  ...([
    'ACCOUNT_NOT_FOUND',
    'ACCOUNT_CLOSED',
    'ACCOUNT_FROZEN',
    'CURRENCY_MISMATCH',
    'BALANCE_TOO_LARGE',
  ] satisfies AccountRefusal[]),
])
const OTHER = 'OTHER'

const knownCode = (code: string | undefined): string => (code !== undefined && CODES.has(code) ? code : OTHER)

/**
 * Counts how sagas fare, by the events that the relay has published: each once, but for those that it publishes again
 * after it was killed.
 */
export function createSagaMetrics(registry: Registry): (events: readonly StoredEvent[]) => void {
  const registers = [registry]
  const begun = new Counter({
    name: 'ordersaga_sagas_begun_total',
    help: 'Orders, transfers and returns that were taken in',
    labelNames: ['kind'],
    registers,
  })
  const ended = new Counter({
    name: 'ordersaga_sagas_ended_total',
    help: 'Orders, transfers and returns that were decided, by how and why',
    labelNames: ['kind', 'outcome', 'code'],
    registers,
  })
  const seconds = new Histogram({
    name: 'ordersaga_saga_seconds',
    help: 'From when they were taken in until they were decided',
    labelNames: ['kind', 'outcome'],
    buckets: SECONDS,
    registers,
  })
  const turnedBack = new Counter({
    name: 'ordersaga_compensations_begun_total',
    help: 'Sagas that turned back, by why',
    labelNames: ['kind', 'code'],
    registers,
  })
  const undone = new Counter({
    name: 'ordersaga_steps_undone_total',
    help: 'Steps that were undone',
    labelNames: ['step'],
    registers,
  })
  const parked = new Counter({
    name: 'ordersaga_steps_parked_total',
    help: 'Steps, or their undos, that were parked',
    labelNames: ['kind'],
    registers,
  })
  // From the start: a series that begins at one has not increased.
  for (const kind of SAGA_KINDS) {
    begun.inc({ kind }, 0)
    parked.inc({ kind }, 0)
    for (const outcome of SAGA_OUTCOMES) seconds.zero({ kind, outcome })
  }
  const count = (event: StoredEvent): void => {
    const { type, data, recordedAt } = event
    const begins = BEGINNINGS[type]
    if (begins !== undefined) begun.inc({ kind: begins })
    const step = UNDONE_BY.get(type)
    if (step !== undefined) undone.inc({ step })
    const kind = sagaNamed(event.streamId)?.kind
    if (kind === undefined) return
    if (type === 'CompensationBegun') turnedBack.inc({ kind, code: knownCode(codeIn(data)) })
    if (type === 'StepParked') parked.inc({ kind })
    const end = endOf(event)
    if (end === undefined) return
    const { outcome, code, sagaId } = end
    ended.inc({ kind, outcome, code: outcome === 'completed' ? '' : knownCode(code) })
    const tookMs = recordedAt.getTime() - madeAt(sagaId)
    if (Number.isFinite(tookMs)) seconds.observe({ kind, outcome }, Math.max(tookMs, 0) / 1000)
  }
  return (events) => events.forEach(count)
}

/** An id begins with the time at which it was made, in milliseconds since the epoch. */
const madeAt = (id: string): number => Number.parseInt(id.replace('-', '').slice(0, 12), 16)
