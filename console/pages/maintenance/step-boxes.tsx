import { api } from '../../api.ts'
import { titleOf } from '../../saga/words.ts'
import { Read } from '../../ui/states.tsx'
import { pausableSteps } from './steps.ts'

interface StepBoxesProps {
  now: readonly string[]
  next: readonly string[]
  onChange: (steps: readonly string[]) => void
}

/** Which steps do not go forward. */
export function StepBoxes({ now, next, onChange }: StepBoxesProps) {
  const sagas = api.useQuery('get', '/sagas')
  return (
    <Read of={sagas} lines={4}>
      {({ data }) =>
        pausableSteps(data).map(({ kind, steps }) => (
          <fieldset key={kind} className="maintenance-steps">
            <legend>Paused steps of {kind === 'order' ? 'an order' : `a ${kind}`}</legend>
            {steps.map((step) => (
              <label
                key={step}
                className="maintenance-step"
                data-changed={now.includes(step) !== next.includes(step)}
              >
                <input
                  type="checkbox"
                  checked={next.includes(step)}
                  onChange={({ target }) =>
                    onChange(target.checked ? [...next, step] : next.filter((each) => each !== step))
                  }
                />
                {titleOf(step)}
              </label>
            ))}
          </fieldset>
        ))
      }
    </Read>
  )
}
