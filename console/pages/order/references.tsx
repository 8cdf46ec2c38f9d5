import { api, type Order } from '../../api.ts'
import { TraceLink } from '../../saga/trace-link.tsx'
import { titleOf } from '../../saga/words.ts'
import { Icon } from '../../ui/icon.tsx'
import { CopyButton } from '../../ui/id.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'

/** By what the order is known elsewhere, and who has acted on it. */
export function References({ order }: { order: Order }) {
  const { id, workflow } = order
  const timeline = api.useQuery('get', '/orders/{id}/timeline', { params: { path: { id } } })
  return (
    <div className="stack order-side">
      <Panel
        title="Keys and references"
        aside={
          <>
            <TraceLink of={order} />{' '}
            {workflow === null ? (
              <span className="faint">no workflow: choreographed</span>
            ) : (
              <a href={workflow.url} target="_blank" rel="noreferrer">
                Temporal history <Icon name="out" />
              </a>
            )}
          </>
        }
        hint="A provider is always asked by the same key: what was done is found, not done again."
      >
        <Read of={timeline}>
          {({ steps }) => {
            const keyed = steps.filter(({ key }) => key !== null)
            return keyed.length === 0 ? (
              <Empty title="No provider was asked yet." />
            ) : (
              <ul className="references">
                {keyed.map(({ name, key, reference }) => (
                  <li key={name}>
                    <span className="references-title">{titleOf(name)}</span>
                    <code>
                      {key} <CopyButton text={key ?? ''} what="the key" />
                    </code>
                    <span className="soft">
                      {reference === null
                        ? 'no reference of the provider yet'
                        : `at the provider: ${reference}`}
                    </span>
                  </li>
                ))}
              </ul>
            )
          }}
        </Read>
      </Panel>
      <Panel title="Operators" hint="What was done to it by hand, with the reason.">
        <Read of={timeline}>
          {({ actions }) =>
            actions.length === 0 ? (
              <p className="faint">Nothing was done by hand.</p>
            ) : (
              <ul className="references">
                {actions.map(({ at, actor, action, step, reason }) => (
                  <li key={`${at} ${action}`}>
                    <span className="references-title">
                      {action}
                      {step === null ? '' : ` ${titleOf(step).toLowerCase()}`} by {actor}, <Time at={at} />
                    </span>
                    <span className="soft">{reason ?? 'The reason was erased.'}</span>
                  </li>
                ))}
              </ul>
            )
          }
        </Read>
      </Panel>
    </div>
  )
}
