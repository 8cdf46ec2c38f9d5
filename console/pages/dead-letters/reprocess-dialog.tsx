import { useMutation, useQueryClient } from '@tanstack/react-query'
import { client } from '../../api.ts'
import { titleOf } from '../../saga/words.ts'
import { ReasonDialog } from '../../ui/reason-dialog.tsx'
import { useToast } from '../../ui/toast.tsx'
import { groupLetters, idsOf, whyNotReprocessed, type Letter } from './letter.ts'
import { StreamLink } from './stream-link.tsx'

export interface ReprocessDialogProps {
  letters: readonly Letter[]
  onClose: () => void
}

const FIRST = 5

/** Tries many dead letters again: which they are, and why. */
export function ReprocessDialog({ letters, onClose }: ReprocessDialogProps) {
  const toast = useToast()
  const queries = useQueryClient()
  const fit = letters.filter((letter) => whyNotReprocessed(letter) === undefined)
  const left = letters.length - fit.length
  const behind = fit.reduce((sum, letter) => sum + letter.behind, 0)
  const reprocess = useMutation({
    async mutationFn(reason: string) {
      let accepted = 0
      for (const ids of idsOf(fit)) {
        const { data } = await client.POST('/operations/dead-letters/reprocess', { body: { ids, reason } })
        accepted += data?.accepted ?? 0
      }
      return accepted
    },
    onSuccess(accepted) {
      onClose()
      toast(`${accepted} of ${fit.length} are tried again now.`)
    },
    onSettled: () => void queries.invalidateQueries(),
  })
  return (
    <ReasonDialog
      title={fit.length === 1 ? 'Reprocess this one?' : `Reprocess these ${fit.length}?`}
      action={`Reprocess ${fit.length}`}
      isBusy={reprocess.isPending}
      error={reprocess.error}
      onClose={onClose}
      onConfirm={(reason) => reprocess.mutate(reason)}
    >
      <p>
        {fit.length === 1
          ? 'It is tried again now, with all its attempts before it.'
          : `These ${fit.length} are tried again now, with all their attempts before them.`}
        {behind === 0 ? '' : ` ${behind} that wait behind them follow.`}
        {left === 0 ? '' : ` ${left} cannot be tried again and ${left === 1 ? 'stays' : 'stay'}.`}
      </p>
      <ul className="letters-first" aria-label="By cause">
        {groupLetters(fit).map(({ consumer, cause, letters: of }) => (
          <li key={`${consumer} ${cause}`}>
            <span>
              <code>{cause ?? 'not tried yet'}</code> at {consumer}
            </span>
            <span className="numeric">{of.length}</span>
          </li>
        ))}
      </ul>
      <ul className="letters-first" aria-label="The first of them">
        {fit.slice(0, FIRST).map(({ id, type, streamId, version }) => (
          <li key={id}>
            <span>{titleOf(type)}</span>
            <span className="numeric">
              <StreamLink streamId={streamId} /> v{version}
            </span>
          </li>
        ))}
        {fit.length > FIRST ? <li className="faint">and {fit.length - FIRST} more</li> : undefined}
      </ul>
    </ReasonDialog>
  )
}
