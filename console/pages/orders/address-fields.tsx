import { TextField } from '../../ui/field.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Draft, FieldsProps } from './draft.ts'

const LABELS: Record<keyof Draft['address'], string> = {
  name: 'Name',
  line1: 'Street and number',
  city: 'City',
  postalCode: 'Postal code',
  country: 'Country, two capital letters',
}

const ADDRESS = Object.keys(LABELS) as (keyof typeof LABELS)[]

/** Where it goes, if anywhere, and by when it has to be past its point of no return. */
export const AddressFields = ({ draft, set, errorOf, isShipped }: FieldsProps & { isShipped: boolean }) => (
  <Panel title={isShipped ? 'Delivery and deadline' : 'Deadline'}>
    <div className="new-order-address">
      {(isShipped ? ADDRESS : []).map((name) => (
        <TextField
          key={name}
          label={LABELS[name]}
          value={draft.address[name]}
          onChange={(event) => set({ address: { ...draft.address, [name]: event.target.value } })}
          error={errorOf(`/shipping/address/${name}`)}
          required
        />
      ))}
      <TextField
        label="Deadline in seconds"
        type="number"
        min={60}
        max={86_400}
        placeholder="1800"
        hint="After it an order turns back, unless it is past the point of no return."
        value={draft.deadlineSeconds}
        onChange={(event) => set({ deadlineSeconds: event.target.value })}
        error={errorOf('/deadlineSeconds')}
      />
    </div>
  </Panel>
)
