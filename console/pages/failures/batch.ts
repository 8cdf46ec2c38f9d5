import type { components } from '../../api-types.ts'
import type { Tone } from '../../ui/badge.tsx'
import type { IconName } from '../../ui/icon.tsx'
import type { Part } from '../../ui/parts-bar.tsx'
import { wavesOf } from './group.ts'

/** A retry of many parked steps, wave by wave. */
export type Batch = components['schemas']['RetryBatch']

export const BATCH_LOOKS: Record<Batch['status'], [Tone, IconName]> = {
  running: ['active', 'play'],
  paused: ['waiting', 'pause'],
  done: ['done', 'check'],
  stopped: ['neutral', 'cross'],
}

/** What it retries, e.g. `Refund payment`. @param title of the step, where it retries those of one. */
export function batchTitle({ kind, errorClass }: Batch['filter'], title: string | undefined): string {
  if (title !== undefined) return title
  if (errorClass !== undefined) return errorClass
  return kind === undefined ? 'Everything parked' : `Everything parked of ${kind}s`
}

export const partsOf = ({ succeeded, failed, retried, pending }: Batch): Part[] => [
  { tone: 'done', value: succeeded, word: 'settled' },
  { tone: 'failed', value: failed, word: 'parked again' },
  { tone: 'active', value: retried, word: 'being tried' },
  { tone: 'neutral', value: pending, word: 'not begun' },
]

export const hasEnded = ({ status }: Batch): boolean => status === 'done' || status === 'stopped'

/** What it does now, and what comes next, in a sentence or two. */
export function batchInWords(batch: Batch): string {
  const { status, total, pending, retried, failed, rampPercent } = batch
  const { size } = wavesOf(total, rampPercent)
  const left = size === 0 ? 0 : Math.ceil(pending / size)
  switch (status) {
    case 'running':
      return left === 0
        ? 'The last wave is being tried.'
        : `${left} more ${left === 1 ? 'wave' : 'waves'} of up to ${size}. The next one starts when the one before has been tried.`
    case 'paused':
      return `No further wave starts until it is resumed.${retried === 0 ? '' : ' What is being tried goes on.'}`
    case 'stopped':
      return `No further wave starts. ${pending} not begun, which stay parked.`
    case 'done':
      return failed === 0 ? 'Every step of it is settled.' : `All were tried; ${failed} are parked again.`
  }
}

/** Why it cannot be paused, resumed or stopped; undefined when it can. */
export const whyEnded = ({ status }: Batch): string | undefined =>
  status === 'done'
    ? 'It is done.'
    : status === 'stopped'
      ? 'It is stopped, and does not start again.'
      : undefined
