import { Counter, type Registry } from 'prom-client'
import type { HttpProblem } from '../problem.ts'
import type { AuditLog, Deed } from './audit-log.ts'
import { NOBODY } from './principal.ts'

const MINUTE_MS = 60_000

export interface RefusalOptions {
  audit: AuditLog
  metrics: Registry
  /** So many of a kind are recorded in a minute: more are counted alone, so that nobody can fill the database with them. */
  recordedAMinute: number
  onTrouble: (what: string, error: unknown) => void
}

/** Counts who was refused, and records it, without what was shown. */
export function createRefusals({ audit, metrics, recordedAMinute, onTrouble }: RefusalOptions) {
  const refused = new Counter({
    name: 'ordersaga_refused_requests_total',
    help: 'Requests of who may not make them, by code and cause, and whether each is recorded',
    labelNames: ['code', 'cause', 'recorded'],
    registers: [metrics],
  })
  let began = Number.NEGATIVE_INFINITY
  // A flood of one kind hides no other: not what a known subject tries, nor a key that is nearly right.
  const recorded = new Map<string, number>()
  return (deed: Omit<Deed, 'reason'>, { code, because = '' }: HttpProblem): void => {
    if (performance.now() - began > MINUTE_MS) {
      began = performance.now()
      recorded.clear()
    }
    const kind =
      deed.subject === NOBODY.subject ? `${deed.action.endsWith('/session')} ${because}` : deed.subject
    const count = (recorded.get(kind) ?? 0) + 1
    recorded.set(kind, count)
    const isRecorded = count <= recordedAMinute
    refused.inc({ code, cause: because, recorded: String(isRecorded) })
    if (!isRecorded) return
    audit
      .note({ ...deed, reason: because === '' ? undefined : because }, code)
      .catch((error: unknown) => onTrouble('a refusal was not recorded', error))
  }
}
