import { useState } from 'react'
import { useLack } from '../../identity/principal.tsx'
import { ROUTES } from '../../saga/act.ts'
import { titleOf } from '../../saga/words.ts'
import { Button } from '../../ui/button.tsx'
import { Money } from '../../ui/money.tsx'
import { More } from '../../ui/more.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'
import { currencyOf, type FailureGroup } from './group.ts'
import { sagaIdOf, whyNotGivenUp, type ParkedStep } from './parked.ts'
import { SagaLink } from './saga-link.tsx'
import { StepDialog, type StepAct } from './step-dialog.tsx'
import { useParked } from './use-parked.ts'
import { useStep } from './use-step.ts'

/** The steps of a parked group, and what may be done with each. */
export function ParkedTable({ group }: { group: FailureGroup }) {
  const parked = useParked(group)
  const [open, setOpen] = useState<{ act: StepAct; of: ParkedStep } | undefined>()
  const lack = useLack()
  const noRetry = lack(ROUTES[group.kind].retry)
  const noSkip = lack(ROUTES[group.kind].skip) ?? whyNotGivenUp(useStep(group.kind, group.step)?.kind)
  const currency = currencyOf(group)
  return (
    <Panel
      title="Steps"
      hint="Longest parked first. Each goes on being tried by itself, ever more rarely; a retry tries it now."
    >
      <Read of={parked} lines={6}>
        {({ pages }) => (
          <>
            <div className="table-box">
              <table className="table failures-steps">
                <caption className="visually-hidden">Parked steps of this group</caption>
                <thead>
                  <tr>
                    <th scope="col">{titleOf(group.kind)}</th>
                    <th scope="col">Parked</th>
                    <th scope="col" className="number wide">
                      Attempts
                    </th>
                    <th scope="col" className="number wide">
                      Value
                    </th>
                    <th scope="col">
                      <span className="visually-hidden">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {pages
                    .flatMap(({ data }) => data)
                    .map((step) => (
                      <tr key={sagaIdOf(step)}>
                        <td>
                          <SagaLink kind={step.kind} id={sagaIdOf(step)} />
                        </td>
                        <td>
                          <Time at={step.since} />
                        </td>
                        <td className="number wide">{step.attempts}</td>
                        <td className="number wide">
                          {currency === undefined ? (
                            <span className="faint">see the {step.kind}</span>
                          ) : (
                            <Money amountMinor={step.amountMinor} currency={currency} />
                          )}
                        </td>
                        <td>
                          <div className="failures-acts">
                            <Button
                              disabled={noRetry !== undefined}
                              title={noRetry}
                              onClick={() => setOpen({ act: 'retry', of: step })}
                            >
                              Retry
                            </Button>
                            <Button
                              disabled={noSkip !== undefined}
                              title={noSkip}
                              onClick={() => setOpen({ act: 'skip', of: step })}
                            >
                              Give up
                            </Button>
                          </div>
                        </td>
                      </tr>
                    ))}
                </tbody>
              </table>
            </div>
            <More of={parked} />
          </>
        )}
      </Read>
      {open === undefined ? undefined : (
        <StepDialog act={open.act} step={open.of} currency={currency} onClose={() => setOpen(undefined)} />
      )}
    </Panel>
  )
}
