import type { OrderStatus } from '../api.ts'
import { Icon, type IconName } from './icon.tsx'

/** What a colour means, everywhere. */
export type Tone = 'done' | 'active' | 'waiting' | 'undone' | 'person' | 'failed' | 'neutral'

export const Badge = ({ tone, icon, children }: { tone: Tone; icon?: IconName; children: string }) => (
  <span className="badge" data-tone={tone}>
    {icon === undefined ? undefined : <Icon name={icon} />}
    {children}
  </span>
)

const STATUSES: Record<OrderStatus, [Tone, IconName]> = {
  pending: ['neutral', 'dot'],
  processing: ['active', 'play'],
  waiting: ['waiting', 'clock'],
  compensating: ['undone', 'undo'],
  parked: ['person', 'hand'],
  completed: ['done', 'check'],
  rejected: ['failed', 'cross'],
  cancelled: ['neutral', 'cross'],
}

export const toneOfStatus = (status: OrderStatus): Tone => STATUSES[status][0]

export const StatusBadge = ({ status }: { status: OrderStatus }) => {
  const [tone, icon] = STATUSES[status]
  return (
    <Badge tone={tone} icon={icon}>
      {status}
    </Badge>
  )
}
