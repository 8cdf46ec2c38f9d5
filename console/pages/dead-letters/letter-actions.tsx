import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { client } from '../../api.ts'
import { useLack } from '../../identity/principal.tsx'
import { titleOf } from '../../saga/words.ts'
import { Button } from '../../ui/button.tsx'
import { ReasonDialog } from '../../ui/reason-dialog.tsx'
import { useAction } from '../../ui/use-action.ts'
import { whyNotDiscarded, whyNotReprocessed, type Letter } from './letter.ts'

type Act = 'reprocess' | 'discard'

/** What may be done with a dead letter, and why the rest may not. */
export function LetterActions({ letter }: { letter: Letter }) {
  const [open, setOpen] = useState<Act | undefined>()
  const lack = useLack()
  const noReprocess = lack('POST /operations/dead-letters/{id}/reprocess') ?? whyNotReprocessed(letter)
  const noDiscard = lack('POST /operations/dead-letters/{id}/discard') ?? whyNotDiscarded(letter)
  return (
    <div className="row">
      <Button
        look={noReprocess === undefined ? 'primary' : 'plain'}
        disabled={noReprocess !== undefined}
        title={noReprocess}
        onClick={() => setOpen('reprocess')}
      >
        Reprocess
      </Button>
      <Button
        look="danger"
        disabled={noDiscard !== undefined}
        title={noDiscard}
        onClick={() => setOpen('discard')}
      >
        Discard
      </Button>
      {open === undefined ? undefined : (
        <ActDialog act={open} letter={letter} onClose={() => setOpen(undefined)} />
      )}
    </div>
  )
}

const WORDS = {
  reprocess: {
    title: 'Reprocess this event?',
    action: 'Reprocess',
    what: 'It is tried again now, with all its attempts before it.',
    done: 'It is tried again now.',
  },
  discard: {
    title: 'Discard this event?',
    action: 'Discard it',
    what: 'This consumer passes over it for good: what it shows will lack this event. The event itself stays in its stream, and the letter is kept for the record.',
    done: 'It is discarded, and its stream goes on.',
  },
}

function ActDialog({ act, letter, onClose }: { act: Act; letter: Letter; onClose: () => void }) {
  const { id, type, version, consumer, behind } = letter
  const navigate = useNavigate()
  const { title, action, what, done } = WORDS[act]
  const acting = useAction({
    act: (reason: string) =>
      client.POST(`/operations/dead-letters/{id}/${act}`, { params: { path: { id } }, body: { reason } }),
    done,
    onDone() {
      onClose()
      if (act === 'discard') void navigate({ to: '/dead-letters' })
    },
  })
  return (
    <ReasonDialog
      title={title}
      action={action}
      isDanger={act === 'discard'}
      isBusy={acting.isPending}
      error={acting.error}
      onClose={onClose}
      onConfirm={(reason) => acting.mutate(reason)}
    >
      <p>
        One event: {titleOf(type).toLowerCase()}, version {version} of its stream, at {consumer}.
        {behind === 0 ? '' : ` ${behind} that wait behind it follow.`}
      </p>
      <p>{what}</p>
    </ReasonDialog>
  )
}
