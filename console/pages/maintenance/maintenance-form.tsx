import { useState } from 'react'
import { useLack } from '../../identity/principal.tsx'
import { titleOf } from '../../saga/words.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Choice } from '../../ui/choice.tsx'
import { Panel } from '../../ui/panel.tsx'
import { ApplyDialog } from './apply-dialog.tsx'
import { ChangeList } from './change-list.tsx'
import { changesOf, withDraft, type Draft, type Maintenance } from './changes.ts'
import { ProviderRows } from './provider-rows.tsx'
import { StepBoxes } from './step-boxes.tsx'

/** What is held up, and what would change. Nothing is sent before it is confirmed with a reason. */
export function MaintenanceForm({ now }: { now: Maintenance }) {
  const [draft, setDraft] = useState<Draft>({})
  const [isApplying, setApplying] = useState(false)
  const next = withDraft(now, draft)
  const changes = changesOf(now, draft, titleOf)
  const why =
    useLack()('PUT /operations/maintenance') ?? (changes.length === 0 ? 'Nothing would change.' : undefined)
  return (
    <Panel title="What runs" aside={<HeldUp now={now} />} hint={reasonOf(now)}>
      <div className="maintenance-rows">
        <div className="maintenance-row" data-changed={next.intake !== now.intake}>
          <h3>Intake</h3>
          <span className="soft">New orders, returns and transfers</span>
          <Choice
            label="Intake"
            value={next.intake}
            options={[
              ['open', 'Open'],
              ['paused', 'Paused'],
            ]}
            onChange={(intake) => setDraft({ ...draft, intake })}
          />
        </div>
        <ProviderRows
          now={now.breakers}
          next={next.breakers}
          onChange={(breakers) => setDraft({ ...draft, breakers: { ...draft.breakers, ...breakers } })}
        />
        <StepBoxes
          now={now.pausedSteps}
          next={next.pausedSteps}
          onChange={(pausedSteps) => setDraft({ ...draft, pausedSteps })}
        />
      </div>
      <div className="maintenance-changes" aria-live="polite">
        {changes.length === 0 ? (
          <p className="soft">
            Nothing would change. What you choose above is listed here before it is sent.
          </p>
        ) : (
          <>
            <h3>{changes.length === 1 ? 'This would change' : `These ${changes.length} would change`}</h3>
            <ChangeList changes={changes} />
          </>
        )}
        <div className="actions">
          <Button
            look="quiet"
            disabled={changes.length === 0}
            title={changes.length === 0 ? 'Nothing is chosen.' : undefined}
            onClick={() => setDraft({})}
          >
            Discard
          </Button>
          <Button look="primary" disabled={why !== undefined} title={why} onClick={() => setApplying(true)}>
            Apply…
          </Button>
        </div>
      </div>
      {isApplying ? (
        <ApplyDialog
          now={now}
          draft={draft}
          changes={changes}
          onClose={() => setApplying(false)}
          onDone={() => {
            setApplying(false)
            setDraft({})
          }}
        />
      ) : undefined}
    </Panel>
  )
}

const reasonOf = ({ reason }: Maintenance) =>
  reason === null ? 'Nothing was ever held up.' : `Reason of the last change: ${reason}`

function HeldUp({ now: { intake, breakers, pausedSteps } }: { now: Maintenance }) {
  const count =
    Number(intake === 'paused') +
    Object.values(breakers).filter((state) => state === 'open').length +
    pausedSteps.length
  return count === 0 ? (
    <Badge tone="done" icon="check">
      nothing is held up
    </Badge>
  ) : (
    <Badge tone="waiting" icon="pause">
      {`${count} held up`}
    </Badge>
  )
}
