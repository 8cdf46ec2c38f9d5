import { Link, useNavigate } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { api, ApiProblem, newKey } from '../../api.ts'
import { useIsStaff, useLack } from '../../identity/principal.tsx'
import { PageHead } from '../../shell/page-head.tsx'
import { Button } from '../../ui/button.tsx'
import { formatMoney } from '../../ui/money.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Failed, Read } from '../../ui/states.tsx'
import { AddressFields } from './address-fields.tsx'
import {
  EMPTY_DRAFT,
  isDigital,
  requestOf,
  totalOf,
  type Draft,
  type ErrorOf,
  type OrderRequest,
  type Product,
} from './draft.ts'
import { Foretold } from './foretold.tsx'
import { LineFields } from './line-fields.tsx'
import { TokenField } from './token-field.tsx'
import { PAYMENT_TOKENS, SHIPPING_SERVICES } from './tokens.ts'
import './new-order.css'

/** Places an order, and explains how the sandbox will treat it. */
export function Page() {
  const products = api.useQuery('get', '/products', { params: { query: { limit: 100 } } })
  return (
    <>
      <PageHead
        title="New order"
        crumbs={<Link to="/orders">Orders</Link>}
        lead="The payment token and the shipping service decide how the sandbox treats this one order."
      />
      <Read of={products} lines={12}>
        {({ data }) => <OrderForm catalogue={data} />}
      </Read>
    </>
  )
}

function OrderForm({ catalogue }: { catalogue: readonly Product[] }) {
  const navigate = useNavigate()
  const isStaff = useIsStaff()
  const why = useLack()('POST /orders')
  const [draft, setDraft] = useState<Draft>(isStaff ? EMPTY_DRAFT : { ...EMPTY_DRAFT, customerId: undefined })
  const keyOf = useKey()
  const place = api.useMutation('post', '/orders')
  const problem: unknown = place.error
  const errors = problem instanceof ApiProblem ? problem.errors : []
  const errorOf: ErrorOf = (pointer) => errors.find((error) => error.pointer === pointer)?.detail
  const set = (changes: Partial<Draft>) => setDraft({ ...draft, ...changes })
  const currency = catalogue[0]?.currency ?? 'EUR'
  const total = totalOf(draft.lines, catalogue)
  const body = requestOf(draft, currency, catalogue)
  const isShipped = !isDigital(draft.lines, catalogue)
  return (
    <form
      className="new-order"
      onSubmit={(event) => {
        event.preventDefault()
        place.mutate(
          { params: { header: { 'Idempotency-Key': keyOf(body) } }, body },
          { onSuccess: ({ id }) => void navigate({ to: '/orders/$id', params: { id } }) },
        )
      }}
    >
      <div className="stack new-order-fields">
        <LineFields draft={draft} catalogue={catalogue} set={set} errorOf={errorOf} />
        <Panel title="Providers">
          <TokenField
            label="Payment token"
            tokens={PAYMENT_TOKENS}
            choice={draft.payment}
            onChange={(payment) => set({ payment })}
            error={errorOf('/paymentMethod')}
          />
          {isShipped ? (
            <TokenField
              label="Shipping service"
              tokens={SHIPPING_SERVICES}
              choice={draft.service}
              onChange={(service) => set({ service })}
              error={errorOf('/shipping/service')}
            />
          ) : (
            <p className="soft">Every product is digital: there is nothing to ship, and no step for it.</p>
          )}
        </Panel>
        <AddressFields draft={draft} set={set} errorOf={errorOf} isShipped={isShipped} />
      </div>
      <div className="stack new-order-side">
        <Panel title="How it will end">
          <Foretold draft={draft} catalogue={catalogue} />
          <dl className="new-order-total">
            <dt>Total</dt>
            <dd className="numeric">{total === undefined ? '–' : formatMoney(total, currency)}</dd>
          </dl>
          {problem === null ? undefined : <Failed error={problem} />}
          <Button
            type="submit"
            look="primary"
            isBusy={place.isPending}
            disabled={why !== undefined}
            title={why}
          >
            Place order
          </Button>
          <p className="soft">
            The API accepts the order at once. Its page then shows each step as it happens.
          </p>
          <details>
            <summary>The request</summary>
            <pre className="new-order-request">{`POST /orders\n${JSON.stringify(body, undefined, 2)}`}</pre>
          </details>
        </Panel>
      </div>
    </form>
  )
}

/** One key for one body: when an answer was lost, the same order is sent again and is not placed twice. */
function useKey(): (body: OrderRequest) => string {
  const last = useRef({ text: '', key: '' })
  return (body) => {
    const text = JSON.stringify(body)
    if (last.current.text !== text) last.current = { text, key: newKey() }
    return last.current.key
  }
}
