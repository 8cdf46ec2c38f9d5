import type { Step } from '../api.ts'
import type { Tone } from '../ui/badge.tsx'
import type { IconName } from '../ui/icon.tsx'

/** `chargePayment` is shown as `Charge payment`, `PaymentCharged` as `Payment charged`. */
export function titleOf(name: string): string {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

type StepState = Step['state']
type CompensationState = Step['compensation']

/** What a step waits for, in words; a code that is not here is shown as it is. */
export const AWAITED: Partial<Record<string, string>> = { MESSAGE: 'for the decision or the parcel' }

export interface Look {
  tone: Tone
  icon: IconName
  word: string
}

export const STEP_LOOKS: Record<StepState, Look> = {
  pending: { tone: 'neutral', icon: 'dot', word: 'not begun' },
  running: { tone: 'active', icon: 'play', word: 'running' },
  waiting: { tone: 'waiting', icon: 'clock', word: 'waiting' },
  done: { tone: 'done', icon: 'check', word: 'done' },
  failed: { tone: 'failed', icon: 'cross', word: 'failed' },
  parked: { tone: 'person', icon: 'hand', word: 'parked' },
  skipped: { tone: 'neutral', icon: 'skip', word: 'skipped' },
}

export const COMPENSATION_LOOKS: Record<Exclude<CompensationState, 'none'>, Look> = {
  pending: { tone: 'neutral', icon: 'dot', word: 'owed' },
  running: { tone: 'active', icon: 'undo', word: 'undoing' },
  waiting: { tone: 'waiting', icon: 'clock', word: 'waiting' },
  done: { tone: 'undone', icon: 'undo', word: 'undone' },
  parked: { tone: 'person', icon: 'hand', word: 'parked' },
  skipped: { tone: 'neutral', icon: 'skip', word: 'given up' },
}
