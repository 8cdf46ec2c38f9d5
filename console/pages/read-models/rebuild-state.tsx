import { Progress } from '../../ui/progress.tsx'
import { duration, Time, useNow } from '../../ui/time.tsx'
import { leftMs, percentOf, type Rebuild } from './rebuild.ts'

interface RebuildStateProps {
  rebuild: Rebuild & { finishedAt: string | null }
  /** Of the rows that are read. */
  generation: number
}

/** How far a rebuild is, or when the last one was. */
export const RebuildState = (props: RebuildStateProps) => (
  <div className="read-model-rebuild">
    <RebuildWords {...props} />
  </div>
)

function RebuildWords({ rebuild, generation }: RebuildStateProps) {
  const now = useNow()
  const { state, rebuiltEvents, totalEvents, finishedAt } = rebuild
  switch (state) {
    case 'none':
      return <span className="faint">Never rebuilt</span>
    case 'done':
      return (
        <span className="soft">
          Rebuilt from {rebuiltEvents.toLocaleString()} events,{' '}
          {finishedAt === null ? undefined : <Time at={finishedAt} />}
        </span>
      )
    case 'wished':
      return <span>A rebuild waits for the projector</span>
    case 'running': {
      const left = leftMs(rebuild, now)
      const text = `${percentOf(rebuild)} % of ${totalEvents.toLocaleString()} events`
      return (
        <>
          <Progress value={rebuiltEvents} max={totalEvents} label={`Generation ${generation + 1}: ${text}`} />
          <span className="numeric">
            {text}
            {left === undefined ? '' : `, about ${duration(left)} left`}
          </span>
        </>
      )
    }
  }
}
