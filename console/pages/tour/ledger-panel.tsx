import { api } from '../../api.ts'
import { Badge, type Tone } from '../../ui/badge.tsx'
import { formatMoney } from '../../ui/money.tsx'

const ASK_EVERY_MS = 500

const TONES: Record<string, Tone> = {
  charged: 'done',
  created: 'done',
  refunded: 'undone',
  cancelled: 'undone',
  voided: 'undone',
  pending: 'waiting',
}

/** What the providers say that they did: the gateway's and the carrier's own ledgers, which we can only read. */
export function LedgerPanel({ orderId }: { orderId: string | undefined }) {
  const { data } = api.useQuery(
    'get',
    '/development/ledger',
    { params: { query: orderId === undefined ? {} : { orderId } } },
    { enabled: orderId !== undefined, refetchInterval: ASK_EVERY_MS },
  )
  const rows = data === undefined ? [] : rowsOf(data)
  return (
    <section className="scene-ledger" aria-label="Ledgers of the gateway and the carrier">
      <h3>Ledgers of the gateway and the carrier</h3>
      {rows.length === 0 ? (
        <p className="faint">
          {orderId === undefined
            ? 'What the providers have recorded for the order appears here.'
            : 'They have no entry for this order.'}
        </p>
      ) : (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Entry</th>
              <th scope="col">Amount</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ what, key, amount, state }) => (
              <tr key={`${what} ${key}`} title={key}>
                <td>{what}</td>
                <td className="numeric">{amount}</td>
                <td>
                  <Badge tone={TONES[state] ?? 'neutral'}>{state}</Badge>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

interface Ledgers {
  charges: readonly { key: string; amountMinor: number; currency: string; state: string }[]
  refunds: readonly { key: string; chargeKey: string; amountMinor: number }[]
  shipments: readonly { key: string; state: string }[]
}

function rowsOf({ charges, refunds, shipments }: Ledgers) {
  const currencyOf = (chargeKey: string) => charges.find(({ key }) => key === chargeKey)?.currency ?? 'EUR'
  return [
    ...charges.map(({ key, amountMinor, currency, state }) => ({
      what: 'Charge',
      key,
      amount: formatMoney(amountMinor, currency),
      state,
    })),
    ...refunds.map(({ key, chargeKey, amountMinor }) => ({
      what: 'Refund',
      key,
      amount: formatMoney(amountMinor, currencyOf(chargeKey)),
      state: 'refunded',
    })),
    ...shipments.map(({ key, state }) => ({ what: 'Shipment', key, amount: '', state })),
  ]
}
