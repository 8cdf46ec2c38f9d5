import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { api, isNotFound } from '../../api.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Empty, Skeleton } from '../../ui/states.tsx'
import { SceneView } from './scene-view.tsx'
import { SCENES } from './scenes.ts'
import './tour.css'

const LEAD =
  'OrderSaga carries each order through inventory, payment, shipping and loyalty. Here you break it in seven ways and watch it heal; then you run it without a workflow. Press a button, and look.'

/** The guided tour: scenes that a visitor plays with the running system. */
export function Page() {
  const { scene: wanted = 1 } = useSearch({ from: '/tour' })
  const navigate = useNavigate()
  const [played, setPlayed] = useState<ReadonlySet<number>>(new Set())
  const sandbox = api.useQuery('get', '/development/faults', {}, { refetchInterval: false })
  const index = Math.min(wanted, SCENES.length) - 1
  const scene = SCENES[index]
  useEffect(() => {
    // On a narrow screen the scenes are a row that is scrolled sideways.
    document
      .querySelector('.tour-scene[aria-current]')
      ?.scrollIntoView({ block: 'nearest', inline: 'center' })
    document.querySelector('#scene-title')?.scrollIntoView({ block: 'nearest' })
  }, [index])
  if (sandbox.isPending) return <Skeleton lines={10} />
  if (isNotFound(sandbox.error))
    return (
      <>
        <PageHead title="Guided tour" />
        <Empty title="The tour plays with the sandbox, which does not run here.">
          Start the system with <code>npm start</code> on your own machine to take it.
        </Empty>
      </>
    )
  return (
    <>
      <PageHead title="Guided tour" lead={LEAD} />
      <div className="tour">
        <nav className="tour-scenes" aria-label="Scenes">
          <ol>
            {SCENES.map(({ title }, at) => (
              <li key={title}>
                <Link
                  to="/tour"
                  search={{ scene: at + 1 }}
                  className="tour-scene"
                  aria-current={at === index ? 'step' : undefined}
                  resetScroll={false}
                >
                  <span className="tour-number" data-tone={played.has(at) ? 'done' : 'neutral'}>
                    {played.has(at) ? <Icon name="check" /> : at + 1}
                  </span>
                  {title}
                  {played.has(at) ? <span className="visually-hidden"> (played)</span> : undefined}
                </Link>
              </li>
            ))}
          </ol>
        </nav>
        {scene === undefined ? undefined : (
          <SceneView
            key={scene.title}
            scene={scene}
            number={index + 1}
            isLast={index === SCENES.length - 1}
            onOver={() => setPlayed((before) => new Set([...before, index]))}
            onNext={() => void navigate({ to: '/tour', search: { scene: index + 2 } })}
          />
        )}
      </div>
    </>
  )
}
