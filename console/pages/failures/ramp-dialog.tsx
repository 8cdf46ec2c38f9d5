import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { client, given } from '../../api.ts'
import { SelectField } from '../../ui/field.tsx'
import { shortId } from '../../ui/id.tsx'
import { Amounts, formatMoney } from '../../ui/money.tsx'
import { ReasonDialog } from '../../ui/reason-dialog.tsx'
import { Time } from '../../ui/time.tsx'
import { useAction } from '../../ui/use-action.ts'
import { counted, currencyOf, RETRY_MAX, wavesOf, type FailureGroup } from './group.ts'
import { filterOf, sagaIdOf } from './parked.ts'
import { useParked } from './use-parked.ts'
import { useTitle } from './use-step.ts'

const RAMPS = [1, 5, 10, 25, 50, 100]
const FIRST = 5

/** Retries a group wave by wave: what it will act on, how fast, and why. */
export function RampDialog({ group, onClose }: { group: FailureGroup; onClose: () => void }) {
  const [ramp, setRamp] = useState(10)
  const navigate = useNavigate()
  const retry = useAction({
    async act(reason: string) {
      const body = { filter: filterOf(group), rampPercent: ramp, reason }
      return given((await client.POST('/operations/parked/retry', { body })).data)
    },
    done: ({ total }) => `The retry of ${counted(total, 'step')} has begun.`,
    onDone({ id }) {
      onClose()
      void navigate({ to: '/failures/retries/$id', params: { id } })
    },
  })
  const title = useTitle(group)
  const { waves } = wavesOf(group.count, ramp)
  return (
    <ReasonDialog
      title="Retry this group?"
      action={`Retry ${counted(Math.min(group.count, RETRY_MAX), 'step')}`}
      isBusy={retry.isPending}
      error={retry.error}
      onClose={onClose}
      onConfirm={(reason) => retry.mutate(reason)}
    >
      <p>
        {counted(group.count, 'step')}, <Amounts amounts={group.amounts} />: {title.toLowerCase()} of{' '}
        {group.kind}s, parked by <code>{group.code}</code>. What is parked when it begins is retried; what is
        parked later is not.
      </p>
      <FirstSteps group={group} />
      <SelectField
        label="At once"
        value={ramp}
        onChange={(event) => setRamp(Number(event.target.value))}
        hint={
          waves === 1
            ? 'All in one wave.'
            : `${waves} waves. The next one starts when the one before has been tried, unless more than half of it failed: then the retry stops.`
        }
      >
        {RAMPS.map((each) => (
          <option key={each} value={each}>
            {each} % · {counted(wavesOf(group.count, each).size, 'step')}
          </option>
        ))}
      </SelectField>
    </ReasonDialog>
  )
}

function FirstSteps({ group }: { group: FailureGroup }) {
  const parked = useParked(group)
  const currency = currencyOf(group)
  const steps = parked.data?.pages.flatMap(({ data }) => data).slice(0, FIRST) ?? []
  return (
    <ul className="failures-first" aria-label="The first of them">
      {steps.map((step) => (
        <li key={sagaIdOf(step)}>
          <code title={sagaIdOf(step)}>{shortId(sagaIdOf(step))}</code>
          <span>
            parked <Time at={step.since} />
          </span>
          <span className="numeric">
            {currency === undefined ? '' : formatMoney(step.amountMinor, currency)}
          </span>
        </li>
      ))}
      {group.count > steps.length ? (
        <li className="faint">and {counted(group.count - steps.length, 'other')}</li>
      ) : undefined}
    </ul>
  )
}
