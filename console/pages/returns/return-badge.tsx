import type { Return } from '../../api.ts'
import { Badge, type Tone } from '../../ui/badge.tsx'
import type { IconName } from '../../ui/icon.tsx'

const LOOKS: Record<Return['status'], [Tone, IconName]> = {
  requested: ['person', 'hand'],
  approved: ['waiting', 'clock'],
  received: ['active', 'play'],
  refunded: ['done', 'check'],
  refused: ['failed', 'cross'],
  expired: ['neutral', 'cross'],
}

export const ReturnBadge = ({ status }: Pick<Return, 'status'>) => {
  const [tone, icon] = LOOKS[status]
  return (
    <Badge tone={tone} icon={icon}>
      {status}
    </Badge>
  )
}
