import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Amounts } from '../../ui/money.tsx'
import { Sparkline } from '../../ui/sparkline.tsx'
import { Time } from '../../ui/time.tsx'
import { trendInWords, type FailureGroup } from './group.ts'
import { useTitle } from './use-step.ts'

export interface GroupTableProps {
  groups: readonly FailureGroup[]
  /** How long the trends are. */
  hours: number
  caption: string
  empty: ReactNode
}

/** Groups of failures, the one that matters most first, as the API orders them. */
export const GroupTable = ({ groups, hours, caption, empty }: GroupTableProps) =>
  groups.length === 0 ? (
    empty
  ) : (
    <div className="table-box">
      <table className="table failures-groups">
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Step and code</th>
            <th scope="col" className="number">
              Count
            </th>
            <th scope="col" className="number">
              Value
            </th>
            <th scope="col" className="wide">
              Trend, {hours} h
            </th>
            <th scope="col" className="wide">
              Last seen
            </th>
            <th scope="col" className="wide">
              First seen
            </th>
            <th scope="col" className="wide">
              Provider
            </th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <GroupRow key={keyOf(group)} group={group} hours={hours} />
          ))}
        </tbody>
      </table>
    </div>
  )

const keyOf = ({ state, kind, step, code, provider }: FailureGroup) =>
  [state, kind, step, code, provider].join(' ')

function GroupRow({ group, hours }: { group: FailureGroup; hours: number }) {
  const { state, kind, step, code, provider, count, amounts, trend, firstSeenAt, lastSeenAt } = group
  return (
    <tr>
      <th scope="row" className="failures-name">
        <Link to="/failures" search={(before) => ({ ...before, state, kind, step, code })}>
          {useTitle(group)}
        </Link>
        <span className="failures-code">
          {code} · {kind}
        </span>
      </th>
      <td className="number failures-count" data-tone={state === 'parked' ? 'person' : 'neutral'}>
        {count.toLocaleString('en')}
      </td>
      <td className="number">
        <Amounts amounts={amounts} />
      </td>
      <td className="wide">
        <Sparkline values={trend} label={trendInWords(trend, hours)} />
      </td>
      <td className="wide">
        <Time at={lastSeenAt} />
      </td>
      <td className="wide">
        <Time at={firstSeenAt} />
      </td>
      <td className="wide">{provider ?? <span className="faint">none</span>}</td>
    </tr>
  )
}
