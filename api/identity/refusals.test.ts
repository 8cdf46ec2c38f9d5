import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { HttpProblem } from '../problem.ts'
import type { AuditLog } from './audit-log.ts'
import { createRefusals } from './refusals.ts'

it('counts every refusal, and records no more in a minute than may be', async () => {
  const noted: string[] = []
  const audit = { note: async ({ requestId }: { requestId: string }) => void noted.push(requestId) }
  const metrics = new Registry()
  const refuse = createRefusals({
    audit: audit as unknown as AuditLog,
    metrics,
    recordedAMinute: 2,
    onTrouble: () => undefined,
  })
  for (const requestId of ['1', '2', '3', '4'])
    refuse(
      { subject: 'nobody', action: 'GET /orders', target: 'orders', requestId },
      new HttpProblem('UNAUTHENTICATED', 'No.', [], 'missing'),
    )
  expect(noted).toEqual(['1', '2'])
  // A flood of one kind hides no other.
  const rare = { subject: 'nobody', action: 'GET /orders', target: 'orders', requestId: '5' }
  refuse(rare, new HttpProblem('UNAUTHENTICATED', 'No.', [], 'key'))
  refuse({ ...rare, subject: 'key:shop', requestId: '6' }, new HttpProblem('FORBIDDEN'))
  expect(noted).toEqual(['1', '2', '5', '6'])
  const text = await metrics.metrics()
  for (const [recorded, count] of [
    ['true', 2],
    ['false', 2],
  ])
    expect(text).toContain(
      `ordersaga_refused_requests_total{code="UNAUTHENTICATED",cause="missing",recorded="${recorded}"} ${count}`,
    )
})
