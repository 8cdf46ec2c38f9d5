import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useLack } from '../../identity/principal.tsx'
import { PageHead } from '../../shell/page-head.tsx'
import { Button } from '../../ui/button.tsx'
import { Choice } from '../../ui/choice.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { GroupTable } from './group-table.tsx'
import { LetterTable } from './letter-table.tsx'
import { whyNotReprocessed, type Letter } from './letter.ts'
import { ReprocessDialog } from './reprocess-dialog.tsx'
import type { DeadLetterSearch } from './search.ts'
import { LETTERS_MAX, useLetters } from './use-letters.ts'
import './dead-letters.css'

/** Events that a consumer could not apply: why, and what waits behind them. */
export function Page() {
  const search = useSearch({ from: '/dead-letters' })
  const { state } = search
  const letters = useLetters(search)
  const [chosen, setChosen] = useState<readonly Letter[] | undefined>()
  const all = letters.data?.letters ?? []
  const why =
    useLack()('POST /operations/dead-letters/reprocess') ??
    (!letters.isPlaceholderData && all.some((letter) => whyNotReprocessed(letter) === undefined)
      ? undefined
      : 'There is none here that can be tried again.')
  const isHead = state !== 'behind' && state !== 'discarded'
  return (
    <>
      <PageHead
        title="Dead letters"
        lead="Events that a consumer could not apply. Each holds up its stream at that consumer; other streams go on."
      >
        <Button disabled={why !== undefined} title={why} onClick={() => setChosen(all)}>
          Reprocess all
        </Button>
      </PageHead>
      <Filters search={search} />
      {isHead ? (
        <Panel title="By cause" hint="One cause at one consumer is one line. Mend the cause, then reprocess.">
          <Read of={letters} lines={3}>
            {() =>
              all.length === 0 ? (
                <NoLetters search={search} />
              ) : (
                <GroupTable letters={all} onReprocess={(group) => setChosen(group.letters)} />
              )
            }
          </Read>
        </Panel>
      ) : undefined}
      {isHead && all.length === 0 && !letters.isPending ? undefined : (
        <Panel
          title="Letters"
          aside={<span className="faint numeric">{letters.data === undefined ? '' : all.length}</span>}
          hint={
            letters.data?.isCut
              ? `Oldest first. There are more than ${LETTERS_MAX.toLocaleString('en')}: these are the oldest.`
              : 'Oldest first.'
          }
        >
          <Read of={letters} lines={6}>
            {() => (all.length === 0 ? <NoLetters search={search} /> : <LetterTable letters={all} />)}
          </Read>
        </Panel>
      )}
      {chosen === undefined ? undefined : (
        <ReprocessDialog letters={chosen} onClose={() => setChosen(undefined)} />
      )}
    </>
  )
}

const STATES = [
  ['heads', 'Retrying and parked'],
  ['parked', 'Parked'],
  ['retrying', 'Retrying'],
  ['behind', 'Behind'],
  ['discarded', 'Discarded'],
] as const

function Filters({ search }: { search: DeadLetterSearch }) {
  const navigate = useNavigate({ from: '/dead-letters' })
  const { state, ...filter } = search
  const set = (next: DeadLetterSearch) => void navigate({ search: next, replace: true })
  const narrowed = (['consumer', 'cause', 'streamId'] as const).filter((name) => filter[name] !== undefined)
  return (
    <div className="row letters-filters">
      <Choice
        label="State"
        value={state ?? 'heads'}
        options={STATES}
        onChange={(value) => set(value === 'heads' ? filter : { ...filter, state: value })}
      />
      {narrowed.map((name) => (
        <Button
          key={name}
          icon="cross"
          aria-label={`Show every ${WORDS[name]}, not only ${filter[name]}`}
          onClick={() => set(Object.fromEntries(Object.entries(search).filter(([each]) => each !== name)))}
        >
          {`${WORDS[name]} ${filter[name]}`}
        </Button>
      ))}
    </div>
  )
}

const WORDS = { consumer: 'consumer', cause: 'cause', streamId: 'stream' } as const

function NoLetters({ search: { state, ...filter } }: { search: DeadLetterSearch }) {
  if (Object.keys(filter).length > 0) return <Empty title="None fits these filters." />
  if (state === 'behind') return <Empty title="No event waits behind another." />
  if (state === 'discarded') return <Empty title="None was discarded." />
  return (
    <Empty title="There are no dead letters.">Every consumer has applied every event it was given.</Empty>
  )
}
