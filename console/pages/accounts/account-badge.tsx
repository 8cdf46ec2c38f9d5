import type { Account } from '../../api.ts'
import { Badge, type Tone } from '../../ui/badge.tsx'
import type { IconName } from '../../ui/icon.tsx'

const LOOKS: Record<Account['status'], [Tone, IconName]> = {
  open: ['done', 'check'],
  frozen: ['waiting', 'pause'],
  closed: ['neutral', 'cross'],
}

export const AccountBadge = ({ status }: Pick<Account, 'status'>) => {
  const [tone, icon] = LOOKS[status]
  return (
    <Badge tone={tone} icon={icon}>
      {status}
    </Badge>
  )
}
