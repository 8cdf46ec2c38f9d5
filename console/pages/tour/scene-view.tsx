import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { api, type Order } from '../../api.ts'
import { SagaMap } from '../../saga/saga-map.tsx'
import { useOutlines } from '../../saga/use-outlines.ts'
import { titleOf } from '../../saga/words.ts'
import { StatusBadge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Failed } from '../../ui/states.tsx'
import { Excerpt } from './excerpt.tsx'
import { LedgerPanel } from './ledger-panel.tsx'
import { Proofs } from './proofs.tsx'
import type { Scene } from './scenes.ts'
import { usePlay, type Line } from './use-play.ts'

export interface SceneViewProps {
  scene: Scene
  /** From 1. */
  number: number
  isLast: boolean
  onOver: () => void
  onNext: () => void
}

export function SceneView({ scene, number, isLast, onOver, onNext }: SceneViewProps) {
  const { start, ...play } = usePlay(scene)
  const { state, frames, ids, lines, choice, ends, error } = play
  const { drawn = 1 } = scene
  const workflow = frames[0]?.order.workflow
  const [first] = ids
  useEffect(() => {
    if (state === 'over') onOver()
    // Once for each time that it is over.
  }, [state])
  return (
    <article className="scene" aria-labelledby="scene-title">
      <header className="scene-head">
        <p className="scene-number">Scene {number}</p>
        <h2 id="scene-title">{scene.title}</h2>
        <p className="scene-about">{scene.about}</p>
        <div className="row">
          <Button
            look={state === 'idle' || state === 'failed' ? 'primary' : 'plain'}
            icon="play"
            isBusy={state === 'playing'}
            onClick={start}
          >
            {state === 'idle' ? scene.action : state === 'playing' ? 'Playing …' : 'Play it again'}
          </Button>
          {choice === undefined ? undefined : (
            <Button look="primary" icon="bolt" onClick={choice.press}>
              {choice.label}
            </Button>
          )}
          {state === 'over' && !isLast ? (
            <Button look="primary" onClick={onNext}>
              Next scene
              <Icon name="next" />
            </Button>
          ) : undefined}
          {state === 'over' && isLast ? (
            <Link className="button button-primary" to="/">
              To the overview
              <Icon name="next" />
            </Link>
          ) : undefined}
        </div>
      </header>
      {state === 'failed' ? <Failed error={error} onRetry={start} /> : undefined}
      {Array.from({ length: drawn }, (_, at) => (
        <Picture key={at} order={frames[at]?.order} event={frames[at]?.type} />
      ))}
      {ids.length > drawn ? <Others ids={ids} /> : undefined}
      <div className="scene-columns">
        <Story lines={lines} />
        <LedgerPanel orderId={first} />
      </div>
      {ends.length === 0 ? undefined : <Proofs proofs={scene.proofs} ends={ends} />}
      <section className="scene-why">
        <div>
          <h3>Without it</h3>
          <p>{scene.without}</p>
        </div>
        <div>
          <h3>The rule</h3>
          <p>{scene.rule.text}</p>
          <p className="faint">
            <code>{scene.rule.page}</code>
          </p>
        </div>
      </section>
      <footer className="scene-links row">
        <Excerpt {...scene.code} />
        {first === undefined ? undefined : (
          <>
            <Link className="button button-plain" to="/orders/$id" params={{ id: first }}>
              The order in the console
            </Link>
            {workflow === undefined || workflow === null ? undefined : (
              <a className="button button-plain" href={workflow.url} target="_blank" rel="noreferrer">
                Its history in Temporal
                <Icon name="out" />
              </a>
            )}
          </>
        )}
      </footer>
    </article>
  )
}

/** The saga of new orders, before one is placed. */
function useBlankSteps(): { definition: string; steps: Order['steps'] } {
  const { data } = api.useQuery(
    'get',
    '/sagas',
    {},
    { staleTime: Number.POSITIVE_INFINITY, refetchInterval: false },
  )
  const saga = data?.data.find(({ kind, isCurrent }) => kind === 'order' && isCurrent)
  return {
    definition: saga?.definition ?? '',
    steps: (saga?.steps ?? []).map(({ name, kind }) => ({
      name,
      kind,
      state: 'pending' as const,
      attempts: 0,
      compensation: 'none' as const,
      detail: null,
      settledAfterSkip: false,
    })),
  }
}

function Picture({ order, event }: { order: Order | undefined; event: string | undefined }) {
  const blank = useBlankSteps()
  const { outlines } = useOutlines(order?.definition ?? blank.definition)
  return (
    <section className="scene-picture" aria-label="The saga">
      <div className="scene-status" aria-live="polite">
        {order === undefined ? (
          <span className="faint">No order yet. These are its steps, each with what undoes it.</span>
        ) : (
          <>
            <StatusBadge status={order.status} />
            <span>{titleOf(event ?? '')}</span>
            {order.coordination === 'choreography' ? (
              <span className="faint">without a workflow</span>
            ) : undefined}
            {order.reason === null ? undefined : <code>{order.reason.code}</code>}
          </>
        )}
      </div>
      <SagaMap
        steps={order?.steps ?? blank.steps}
        outlines={outlines}
        coordination={order?.coordination}
        label="The steps of the order"
      />
    </section>
  )
}

/** Where a scene has several orders: that none is forgotten. */
const Others = ({ ids }: { ids: readonly string[] }) => (
  <ol className="scene-others" aria-label="All orders of this scene">
    {ids.map((id, index) => (
      <li key={id}>
        <Link to="/orders/$id" params={{ id }}>
          Order {index + 1}
        </Link>
        <LiveStatus id={id} />
      </li>
    ))}
  </ol>
)

function LiveStatus({ id }: { id: string }) {
  const { data } = api.useQuery('get', '/orders/{id}', { params: { path: { id } } })
  return data === undefined ? null : <StatusBadge status={data.status} />
}

const Story = ({ lines }: { lines: readonly Line[] }) => (
  <section className="scene-story" aria-label="What happens">
    <h3>
      What happens <span className="scene-pace">in real time; the picture is slowed down</span>
    </h3>
    {lines.length === 0 ? (
      <p className="faint">Press the button, and it is written here as it happens.</p>
    ) : (
      <ol aria-live="polite">
        {lines.map(({ atMs, text }) => (
          <li key={text}>
            <span className="scene-at numeric">{(atMs / 1000).toFixed(1)} s</span>
            {text}
          </li>
        ))}
      </ol>
    )}
  </section>
)
