import { api, type Order } from '../../api.ts'
import { useOutlines } from '../../saga/use-outlines.ts'
import { Panel } from '../../ui/panel.tsx'
import { Read } from '../../ui/states.tsx'
import { span, useNow } from '../../ui/time.tsx'
import { isOpen } from './forecast.ts'
import { lanesOf, type Lane } from './lanes.ts'
import { scaleOf, type Scale } from './scale.ts'

/** When each part of the system was at work on the order. */
export function Lanes({ order }: { order: Order }) {
  const { id } = order
  const params = { path: { id } }
  const { outlines } = useOutlines(order.definition)
  const events = api.useQuery('get', '/orders/{id}/events', {
    params: { path: { id }, query: { limit: 100 } },
  })
  const timeline = api.useQuery('get', '/orders/{id}/timeline', { params })
  return (
    <Panel
      title="Timeline"
      hint="Long pauses are drawn short, and say how long they are."
      aside={
        timeline.data?.temporal === 'away' ? (
          <span className="soft">Temporal does not answer: attempts under way are not shown.</span>
        ) : undefined
      }
    >
      <Read of={events} lines={7}>
        {({ data }) => (
          <Read of={timeline} lines={7}>
            {(parts) => <Chart order={order} lanes={lanesOf(order, data, parts, outlines)} />}
          </Read>
        )}
      </Read>
    </Panel>
  )
}

function Chart({ order, lanes }: { order: Order; lanes: Lane[] }) {
  const now = useNow()
  const moments = lanes.flatMap(({ marks }) =>
    marks.flatMap(({ from, to }) => (to === undefined ? [from] : [from, to])),
  )
  const scale = scaleOf(isOpen(order) ? [...moments, now] : moments)
  const end = isOpen(order) ? now : Math.max(...moments)
  return (
    <div className="lanes" role="table" aria-label="Timeline in lanes">
      <div className="lane lane-axis" role="row">
        <span role="columnheader" className="lane-name">
          {span(end - Date.parse(order.createdAt))} in all
        </span>
        <span role="columnheader" className="lane-track">
          {scale.pauses.map(({ from, to, ms }) => (
            <span
              key={from}
              className="lane-pause"
              style={{
                left: percent(scale.place(from)),
                width: percent(scale.place(to) - scale.place(from)),
              }}
            >
              {span(ms)}
            </span>
          ))}
        </span>
      </div>
      {lanes.map((lane) => (
        <LaneRow key={lane.name} lane={lane} scale={scale} end={end} />
      ))}
    </div>
  )
}

const percent = (share: number) => `${(share * 100).toFixed(3)}%`

const LaneRow = ({ lane: { name, note, marks }, scale, end }: { lane: Lane; scale: Scale; end: number }) => (
  <div className="lane" role="row">
    <span role="rowheader" className="lane-name">
      {name}
      {note === undefined || marks.length === 0 ? undefined : <span className="lane-note"> {note}</span>}
    </span>
    <span role="cell" className="lane-track">
      {marks.length === 0 ? <span className="lane-note">{note}</span> : undefined}
      {marks.map(({ from, to, isOpen: isRunning = false, tone, title }, index) => {
        const left = scale.place(from)
        const right = isRunning ? scale.place(end) : scale.place(to ?? from)
        return (
          <span
            key={`${from} ${index}`}
            className={to === undefined && !isRunning ? 'lane-dot' : 'lane-bar'}
            data-tone={tone}
            data-running={isRunning}
            style={{ left: percent(left), width: percent(right - left) }}
            title={title}
          >
            <span className="visually-hidden">{title}</span>
          </span>
        )
      })}
    </span>
  </div>
)
