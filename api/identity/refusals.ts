import { Counter, type Registry } from 'prom-client'
import type { HttpProblem } from '../problem.ts'
import type { AuditLog, Deed } from './audit-log.ts'

const MINUTE_MS = 60_000

export interface RefusalOptions {
  audit: AuditLog
  metrics: Registry
  /** So many are recorded in a minute: more are counted alone, so that nobody can fill the database with them. */
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
  let recorded = 0
  return (deed: Omit<Deed, 'reason'>, { code, because = '' }: HttpProblem): void => {
    if (performance.now() - began > MINUTE_MS) [began, recorded] = [performance.now(), 0]
    recorded += 1
    const isRecorded = recorded <= recordedAMinute
    refused.inc({ code, cause: because, recorded: String(isRecorded) })
    if (!isRecorded) return
    audit
      .note({ ...deed, reason: because === '' ? undefined : because }, code)
      .catch((error: unknown) => onTrouble('a refusal was not recorded', error))
  }
}
