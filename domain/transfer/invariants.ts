import type { Invariant } from '../saga/step.ts'

export const TRANSFER_INVARIANTS: readonly Invariant[] = [
  {
    // No account was ever below zero.
    name: 'accounts',
    violations: `
      SELECT DISTINCT stream_id AS offender FROM (
        SELECT stream_id, sum(CASE WHEN type IN ('MoneyDeposited', 'MoneyReturned') THEN 1
            WHEN type = 'MoneyWithdrawn' THEN -1 ELSE 0 END * coalesce((data->>'amountMinor')::bigint, 0))
            OVER (PARTITION BY stream_id ORDER BY version) AS balance
          FROM events WHERE stream_id LIKE 'account-%') moves
       WHERE balance < 0`,
  },
  {
    // Money is neither made nor lost: a completed transfer took its amount from the one account and gave it to the
    // other, once; one that was turned back has given back what it took, unless that was written off.
    name: 'transfers',
    violations: `
      WITH moved AS (
        SELECT data->>'transferId' AS id, stream_id, type, count(*) AS times, min((data->>'amountMinor')::bigint) AS amount
          FROM events WHERE stream_id LIKE 'account-%' AND data ? 'transferId' GROUP BY 1, 2, 3
      )
      SELECT t.id::text AS offender FROM transfers t JOIN sagas s USING (id)
        LEFT JOIN step_fences f ON f.saga_id = t.id AND f.step = 'withdrawMoney'
        LEFT JOIN moved w ON w.id = t.id::text AND w.type = 'MoneyWithdrawn'
        LEFT JOIN moved r ON r.id = t.id::text AND r.type = 'MoneyReturned'
        LEFT JOIN moved d ON d.id = t.id::text AND d.type = 'MoneyDeposited'
       WHERE w.times > 1 OR r.times > 1 OR d.times > 1
          OR w.amount <> t.amount_minor OR r.amount <> t.amount_minor OR d.amount <> t.amount_minor
          OR w.stream_id <> 'account-' || source_account_id OR r.stream_id <> 'account-' || source_account_id
          OR d.stream_id <> 'account-' || destination_account_id
          OR (s.status = 'completed') <> (d.id IS NOT NULL)
          OR (d.id IS NOT NULL AND (w.id IS NULL OR r.id IS NOT NULL)) OR (r.id IS NOT NULL AND w.id IS NULL)
          OR (s.status IN ('rejected', 'cancelled') AND w.id IS NOT NULL AND r.id IS NULL
              AND f.state IS DISTINCT FROM 'skipped')`,
  },
]
