import { Link } from '@tanstack/react-router'
import { useLack } from '../../identity/principal.tsx'
import { Button } from '../../ui/button.tsx'
import { Time } from '../../ui/time.tsx'
import {
  causeInWords,
  groupLetters,
  latest,
  whyNotReprocessed,
  type Letter,
  type LetterGroup,
} from './letter.ts'

export interface GroupTableProps {
  letters: readonly Letter[]
  onReprocess: (group: LetterGroup) => void
}

/** Dead letters by consumer and cause. */
export const GroupTable = ({ letters, onReprocess }: GroupTableProps) => (
  <div className="table-box">
    <table className="table letters-groups">
      <caption className="visually-hidden">Dead letters by consumer and cause</caption>
      <thead>
        <tr>
          <th scope="col">Cause</th>
          <th scope="col" className="number">
            Letters
          </th>
          <th scope="col" className="number wide">
            Behind them
          </th>
          <th scope="col" className="wide">
            Oldest
          </th>
          <th scope="col" className="wide">
            Last failed
          </th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {groupLetters(letters).map((group) => (
          <GroupRow key={`${group.consumer} ${group.cause}`} group={group} onReprocess={onReprocess} />
        ))}
      </tbody>
    </table>
  </div>
)

function GroupRow({ group, onReprocess }: { group: LetterGroup } & Pick<GroupTableProps, 'onReprocess'>) {
  const { consumer, cause, letters, behind } = group
  const why =
    useLack()('POST /operations/dead-letters/reprocess') ??
    (letters.every((letter) => whyNotReprocessed(letter) !== undefined)
      ? 'None of them can be tried again: open one to see why.'
      : undefined)
  const failedAt = latest(letters.map(({ lastFailedAt }) => lastFailedAt))
  return (
    <tr>
      <th scope="row" className="letters-cause">
        <Link
          from="/dead-letters"
          to="/dead-letters"
          search={(before) => ({ ...before, consumer, ...(cause === null ? {} : { cause }) })}
        >
          {cause ?? 'not tried yet'}
        </Link>{' '}
        at {consumer}
        <span className="letters-note">{causeInWords(cause) ?? letters[0]?.message}</span>
      </th>
      <td className="number">{letters.length}</td>
      <td className="number wide">{behind}</td>
      <td className="wide">{letters[0] === undefined ? undefined : <Time at={letters[0].createdAt} />}</td>
      <td className="wide">{failedAt === null ? undefined : <Time at={failedAt} />}</td>
      <td className="number">
        <Button disabled={why !== undefined} title={why} onClick={() => onReprocess(group)}>
          Reprocess
        </Button>
      </td>
    </tr>
  )
}
