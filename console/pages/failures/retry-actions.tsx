import { useState } from 'react'
import { client } from '../../api.ts'
import { useLack } from '../../identity/principal.tsx'
import { Button } from '../../ui/button.tsx'
import { ReasonDialog } from '../../ui/reason-dialog.tsx'
import { useAction } from '../../ui/use-action.ts'
import { whyEnded, type Batch } from './batch.ts'
import { counted } from './group.ts'

type Act = 'pause' | 'resume' | 'stop'

const WORDS: Record<Act, { button: string; title: string; what: string; done: string }> = {
  pause: {
    button: 'Pause',
    title: 'Pause this retry?',
    what: 'No further wave starts until it is resumed.',
    done: 'The retry is paused.',
  },
  resume: {
    button: 'Resume',
    title: 'Resume this retry?',
    what: 'Its waves go on where they were.',
    done: 'The retry goes on.',
  },
  stop: {
    button: 'Stop',
    title: 'Stop this retry?',
    what: 'What has not begun stays parked. A stopped retry does not start again; a new one can be begun.',
    done: 'The retry is stopped.',
  },
}

/** Pauses, resumes and stops a retry. */
export function RetryActions({ batch }: { batch: Batch }) {
  const [open, setOpen] = useState<Act | undefined>()
  const lack = useLack()
  const ended = whyEnded(batch)
  const acts: Act[] = [batch.status === 'paused' ? 'resume' : 'pause', 'stop']
  return (
    <div className="row">
      {acts.map((act) => {
        const why = lack(`POST /operations/retries/{id}/${act}`) ?? ended
        return (
          <Button
            key={act}
            look={act === 'stop' ? 'danger' : 'plain'}
            icon={ICONS[act]}
            disabled={why !== undefined}
            title={why}
            onClick={() => setOpen(act)}
          >
            {WORDS[act].button}
          </Button>
        )
      })}
      {open === undefined ? undefined : (
        <ActDialog act={open} batch={batch} onClose={() => setOpen(undefined)} />
      )}
    </div>
  )
}

const ICONS = { pause: 'pause', resume: 'play', stop: 'cross' } as const

function ActDialog({ act, batch, onClose }: { act: Act; batch: Batch; onClose: () => void }) {
  const { button, title, what, done } = WORDS[act]
  const acting = useAction({
    act: (reason: string) =>
      client.POST(`/operations/retries/{id}/${act}`, {
        params: { path: { id: batch.id } },
        body: { reason },
      }),
    done,
    onDone: onClose,
  })
  return (
    <ReasonDialog
      title={title}
      action={button}
      isDanger={act === 'stop'}
      isBusy={acting.isPending}
      error={acting.error}
      onClose={onClose}
      onConfirm={(reason) => acting.mutate(reason)}
    >
      <p className="numeric">
        {counted(batch.pending, 'step')} not begun, {batch.retried} being tried. {what}
        {batch.retried > 0 && act !== 'resume' ? ' What is being tried goes on.' : ''}
      </p>
    </ReasonDialog>
  )
}
