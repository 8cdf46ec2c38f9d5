import type { Order, Step } from '../api.ts'
import { Icon } from '../ui/icon.tsx'
import { AWAITED, COMPENSATION_LOOKS, STEP_LOOKS, titleOf, type Look } from './words.ts'
import './saga-map.css'

/** What a definition says of a step, besides its name. */
export interface StepOutline {
  name: string
  provider: string | null
  compensation: string | null
  /** The types of its events; null where the API does not know them. */
  events: { done: string; undone: string[] } | null
}

export interface SagaMapProps {
  steps: readonly Step[]
  outlines: readonly StepOutline[]
  /** Where each participant decides by itself, the picture says which event each step waits for. */
  coordination?: Order['coordination'] | undefined
  /** What the picture is of, for those who do not see it. */
  label: string
}

/**
 * A saga as its definition has it: the steps from left to right, the pivot behind which nothing is undone, and under
 * each compensatable step what undoes it, in the direction in which it is undone.
 */
export function SagaMap({ steps, outlines, coordination, label }: SagaMapProps) {
  const outlineOf = (step: Step | undefined) => outlines.find(({ name }) => name === step?.name)
  const causeOf = (at: number) => (at === 0 ? 'OrderPlaced' : outlineOf(steps[at - 1])?.events?.done)
  return (
    <div className="saga-map-box">
      <ol className="saga-map" aria-label={label}>
        {steps.map((step, at) => (
          <SagaStep
            key={step.name}
            step={step}
            outline={outlineOf(step)}
            cause={coordination === 'choreography' ? causeOf(at) : undefined}
          />
        ))}
      </ol>
    </div>
  )
}

interface SagaStepProps {
  step: Step
  outline: StepOutline | undefined
  /** The event that the step waits for, where no workflow decides. */
  cause: string | undefined
}

function SagaStep({ step, outline, cause }: SagaStepProps) {
  const { name, kind, state, attempts, compensation, detail, settledAfterSkip } = step
  const isUndone = compensation === 'done'
  const undo = outline?.compensation ?? null
  return (
    <li className="saga-step" data-kind={kind} data-state={state} data-compensation={compensation}>
      <div className="saga-track" aria-hidden="true" />
      <Node
        look={STEP_LOOKS[state]}
        title={titleOf(name)}
        cause={cause}
        note={noteOf(state === 'waiting' ? detail : null, attempts)}
        tag={kind === 'pivot' ? 'point of no return' : (outline?.provider ?? undefined)}
        isFaded={isUndone}
      />
      {undo === null ? undefined : (
        <div className="saga-undo" data-shown={compensation !== 'none'}>
          <Node
            look={compensation === 'none' ? NOTHING : COMPENSATION_LOOKS[compensation]}
            title={titleOf(undo)}
            note={
              settledAfterSkip
                ? 'settled after it was given up'
                : noteOf(compensation === 'waiting' ? detail : null, 0)
            }
            isFaded={compensation === 'none'}
          />
        </div>
      )}
    </li>
  )
}

const NOTHING: Look = { tone: 'neutral', icon: 'undo', word: 'undoes it' }

/** What it waits for, and how often it was tried where once was not enough. */
function noteOf(detail: string | null, attempts: number): string | undefined {
  const tries = attempts > 1 ? `attempt ${attempts}` : undefined
  const awaited = detail === null ? null : (AWAITED[detail] ?? detail)
  return [awaited, tries].filter((part) => part !== undefined && part !== null).join(' · ') || undefined
}

interface NodeProps {
  look: Look
  title: string
  cause?: string | undefined
  note: string | undefined
  tag?: string | undefined
  isFaded: boolean
}

const Node = ({ look: { tone, icon, word }, title, cause, note, tag, isFaded }: NodeProps) => (
  <div className="saga-node" data-tone={tone} data-faded={isFaded} data-word={word}>
    <span className="saga-word">
      <span className="saga-icon">
        <Icon name={icon} />
      </span>
      {word}
    </span>
    <span className="saga-title">{title}</span>
    {cause === undefined ? undefined : <span className="saga-note">on {titleOf(cause).toLowerCase()}</span>}
    {note === undefined ? undefined : <span className="saga-note">{note}</span>}
    {tag === undefined ? undefined : <span className="saga-tag">{tag}</span>}
  </div>
)
