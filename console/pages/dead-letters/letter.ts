import type { components } from '../../api-types.ts'
import type { Tone } from '../../ui/badge.tsx'
import type { IconName } from '../../ui/icon.tsx'

/** An event that a consumer could not apply. */
export type Letter = components['schemas']['DeadLetter']

export const LETTER_LOOKS: Record<Letter['state'], [Tone, IconName]> = {
  retrying: ['waiting', 'clock'],
  parked: ['person', 'hand'],
  behind: ['neutral', 'dot'],
  discarded: ['neutral', 'skip'],
}

/** A message that is no event: it is never tried again. */
const NOT_AN_EVENT = 'NOT_AN_EVENT'

const CAUSES: Partial<Record<string, string>> = {
  EVENT_GAP: 'An earlier event of the stream is missing. It is applied as soon as that one has come.',
  NEWER_EVENT: 'A newer release has written it. It is applied once this one is replaced.',
  [NOT_AN_EVENT]: 'A foreign message on the broker. It cannot be applied, and holds nothing up.',
}

/** What a cause means; undefined for a class of error, which speaks for itself. */
export const causeInWords = (cause: string | null): string | undefined =>
  cause === null ? undefined : CAUSES[cause]

/** Why it cannot be tried again; undefined when it can. */
export function whyNotReprocessed({ state, cause }: Letter): string | undefined {
  if (cause === NOT_AN_EVENT) return 'It is no event, so it can only be discarded.'
  return whySettled(state)
}

/** Why it cannot be discarded; undefined when it can, as far as the page knows. */
export const whyNotDiscarded = ({ state }: Letter): string | undefined => whySettled(state)

function whySettled(state: Letter['state']): string | undefined {
  if (state === 'behind') return 'It waits behind an earlier one of its stream: act on that one.'
  return state === 'discarded' ? 'It is discarded already, and is kept for the record.' : undefined
}

/** What failed at one consumer for one cause. */
export interface LetterGroup {
  consumer: string
  cause: string | null
  letters: Letter[]
  /** Events that wait behind them. */
  behind: number
}

/** Largest first. @param letters oldest first. */
export function groupLetters(letters: readonly Letter[]): LetterGroup[] {
  const groups = new Map<string, LetterGroup>()
  for (const letter of letters) {
    const { consumer, cause } = letter
    const key = `${consumer} ${cause}`
    const group = groups.get(key) ?? { consumer, cause, letters: [], behind: 0 }
    group.letters.push(letter)
    group.behind += letter.behind
    groups.set(key, group)
  }
  return [...groups.values()].toSorted((a, b) => b.letters.length - a.letters.length)
}

/** The last time of several; null when there is none. RFC 3339 in UTC, so they are ordered as texts. */
export const latest = (times: readonly (string | null)[]): string | null =>
  times.reduce((last, time) => (last === null || (time !== null && time > last) ? time : last), null)

/** Ids that one request may name. */
const IDS_MAX = 100

/** The ids of letters, in as many parts as it takes to name them all. */
export function idsOf(letters: readonly Letter[]): string[][] {
  const ids = letters.map(({ id }) => id)
  return Array.from({ length: Math.ceil(ids.length / IDS_MAX) }, (_, part) =>
    ids.slice(part * IDS_MAX, (part + 1) * IDS_MAX),
  )
}

/** Where a stream is shown, e.g. `order-<id>`; undefined for a stream that has no page. */
export function pageOfStream(streamId: string) {
  const [, kind, id] = /^(order|return|transfer|account)-(.+)$/.exec(streamId) ?? []
  return kind === undefined || id === undefined
    ? undefined
    : { to: `/${kind as 'order' | 'return' | 'transfer' | 'account'}s/$id` as const, id }
}
