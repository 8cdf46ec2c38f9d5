import { Button } from '../../ui/button.tsx'
import { Choice } from '../../ui/choice.tsx'
import { formatCount } from '../../ui/count.ts'
import { SelectField, TextField } from '../../ui/field.tsx'
import { formatMoney } from '../../ui/money.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Draft, FieldsProps, Product } from './draft.ts'

const COORDINATIONS = [
  ['orchestration', 'A workflow'],
  ['choreography', 'Each participant'],
] as const

/** Who buys what. */
export function LineFields({
  draft,
  set,
  errorOf,
  catalogue,
}: FieldsProps & { catalogue: readonly Product[] }) {
  const { lines, customerId } = draft
  const change = (index: number, changes: Partial<Draft['lines'][number]>) =>
    set({ lines: lines.map((line, at) => (at === index ? { ...line, ...changes } : line)) })
  const unused = catalogue.find(({ sku, active }) => active && lines.every((line) => line.sku !== sku))
  return (
    <Panel title="Order">
      {customerId === undefined ? undefined : (
        <TextField
          label="Customer"
          value={customerId}
          onChange={(event) => set({ customerId: event.target.value })}
          error={errorOf('/customerId')}
          required
        />
      )}
      {lines.map(({ sku, quantity }, index) => {
        const product = catalogue.find((each) => each.sku === sku)
        return (
          <div key={index} className="new-order-line">
            <SelectField
              label="Product"
              value={sku}
              onChange={(event) => change(index, { sku: event.target.value })}
              hint={product === undefined ? undefined : stockOf(product)}
              error={errorOf(`/lines/${index}/sku`)}
            >
              {catalogue.map((each) => (
                <option key={each.sku} value={each.sku}>
                  {`${each.name} · ${each.sku}`}
                </option>
              ))}
            </SelectField>
            <TextField
              label="Quantity"
              type="number"
              min={1}
              max={1000}
              value={quantity}
              onChange={(event) => change(index, { quantity: event.target.valueAsNumber || 1 })}
              error={errorOf(`/lines/${index}/quantity`)}
            />
            <Button
              look="quiet"
              icon="cross"
              aria-label={`Remove ${product?.name ?? sku}`}
              disabled={lines.length === 1}
              title={lines.length === 1 ? 'An order has at least one line.' : undefined}
              onClick={() => set({ lines: lines.filter((_, at) => at !== index) })}
            />
          </div>
        )
      })}
      <div>
        <Button
          icon="plus"
          disabled={unused === undefined}
          title={unused === undefined ? 'Every product is on the order already.' : undefined}
          onClick={() => unused !== undefined && set({ lines: [...lines, { sku: unused.sku, quantity: 1 }] })}
        >
          Add a line
        </Button>
      </div>
      <label className="new-order-gift">
        <input
          type="checkbox"
          checked={draft.giftWrap}
          onChange={(event) => set({ giftWrap: event.target.checked })}
        />
        <span>
          Wrap it as a gift <span className="soft">· adds a step, with its undo</span>
        </span>
      </label>
      <div className="new-order-coordination">
        <span>Who decides what comes next</span>
        <Choice
          label="Who decides what comes next"
          value={draft.coordination}
          options={COORDINATIONS}
          onChange={(coordination) => set({ coordination })}
        />
      </div>
    </Panel>
  )
}

const stockOf = ({ priceMinor, currency, active, available }: Product): string =>
  [
    formatMoney(priceMinor, currency),
    available === 0 ? 'none in stock' : `${formatCount(available)} in stock`,
    ...(active ? [] : ['no longer sold: the API refuses it']),
  ].join(' · ')
