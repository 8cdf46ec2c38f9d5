import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Failed } from '../../ui/states.tsx'
import { useToast } from '../../ui/toast.tsx'
import {
  choiceOf,
  FAULT_KINDS,
  faultsOf,
  PROVIDERS,
  wordsOf,
  type FaultChoice,
  type FaultKind,
  type Faults,
} from './fault-kinds.ts'

const KINDS = Object.entries(FAULT_KINDS) as [FaultKind, (typeof FAULT_KINDS)[FaultKind]][]

/** Breaks the providers that the sandbox plays, and mends them. */
export function FaultForm({ now }: { now: Faults }) {
  const [draft, setDraft] = useState<Partial<FaultChoice>>({})
  const toast = useToast()
  const queries = useQueryClient()
  const options = (text: string) => ({
    onSuccess(faults: Faults) {
      setDraft({})
      toast(text)
      queries.setQueryData(['get', '/development/faults', {}], faults)
    },
  })
  const put = api.useMutation('put', '/development/faults')
  const clear = api.useMutation('delete', '/development/faults')
  const before = choiceOf(now)
  const choice = { ...before, ...draft }
  const isChanged = JSON.stringify(faultsOf(choice)) !== JSON.stringify(faultsOf(before))
  const wrong = wordsOf(before)
  return (
    <Panel
      title="Providers in the sandbox"
      aside={
        <Badge tone={wrong.length === 0 ? 'done' : 'failed'} icon={wrong.length === 0 ? 'check' : 'bolt'}>
          {wrong.length === 0 ? 'no fault' : 'broken on purpose'}
        </Badge>
      }
      hint="Break a provider, watch orders wait and heal, then clear the faults. These switches exist in development only."
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          put.mutate({ body: faultsOf(choice) }, options('The faults are in effect from the next call on.'))
        }}
      >
        <div className="maintenance-fields">
          {PROVIDERS.map((provider) => (
            <SelectField
              key={provider}
              label={`Fault of ${provider}`}
              hint={FAULT_KINDS[choice[provider]].text}
              value={choice[provider]}
              onChange={({ target }) => setDraft({ ...draft, [provider]: target.value })}
            >
              {KINDS.map(([kind, { title, text }]) => (
                <option key={kind} value={kind} title={text}>
                  {title}
                </option>
              ))}
            </SelectField>
          ))}
          <NumberField
            label="Share of calls, %"
            hint="The rest succeed. Lookups and voids count too."
            value={choice.percent}
            max={100}
            onChange={(percent) => setDraft({ ...draft, percent })}
          />
          <NumberField
            label="Late tail, % of calls"
            hint="Done at once, answered late"
            value={choice.tailPercent}
            max={100}
            onChange={(tailPercent) => setDraft({ ...draft, tailPercent })}
          />
          <NumberField
            label="How late, ms"
            hint="Of the tail"
            value={choice.tailMs}
            max={60_000}
            onChange={(tailMs) => setDraft({ ...draft, tailMs })}
          />
        </div>
        <details>
          <summary>What each fault does</summary>
          <dl className="facts maintenance-kinds">
            {KINDS.map(([kind, { title, text }]) => (
              <div key={kind} style={{ display: 'contents' }}>
                <dt>{title}</dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
        </details>
        {put.error === null ? undefined : <Failed error={put.error} />}
        {clear.error === null ? undefined : <Failed error={clear.error} />}
        <ul className="maintenance-list maintenance-wrong">
          {wrong.length === 0 ? (
            <li className="soft">Now: every call is answered as it should be.</li>
          ) : undefined}
          {wrong.map((line) => (
            <li key={line}>Now: {line}</li>
          ))}
        </ul>
        <div className="actions">
          <Button
            isBusy={clear.isPending}
            disabled={wrong.length === 0}
            title={wrong.length === 0 ? 'There is no fault to clear.' : undefined}
            onClick={() => clear.mutate({}, options('Every provider is up.'))}
          >
            Clear all faults
          </Button>
          <Button
            type="submit"
            look="primary"
            isBusy={put.isPending}
            disabled={!isChanged}
            title={isChanged ? undefined : 'This is in effect already.'}
          >
            Apply faults
          </Button>
        </div>
      </form>
    </Panel>
  )
}

interface NumberFieldProps {
  label: string
  hint: string
  value: number
  max: number
  onChange: (value: number) => void
}

const NumberField = ({ value, max, onChange, ...rest }: NumberFieldProps) => (
  <TextField
    {...rest}
    type="number"
    min={0}
    max={max}
    step={1}
    required
    value={value}
    onChange={({ target }) => onChange(Math.min(max, Math.max(0, Math.trunc(target.valueAsNumber) || 0)))}
  />
)
