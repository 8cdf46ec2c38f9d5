import { Fault } from '../../faults.ts'
import { isEscaped } from '../provider/foreign-key.ts'
import type { Listing, ListedItem, Window } from '../provider/listing.ts'
import { classify, sideOf, type Ours, type Side } from './classify.ts'
import type { Differences, Finding } from './differences.ts'
import type { OurRecords, Place } from './our-records.ts'
import type { ClaimedPart, Counts } from './runs.ts'
import type { ReconciledStep } from './steps.ts'

/**
 * A key that one side has is expected on the other within this time: the provider's clock may be so much apart from ours.
 * One that comes later is looked up by its key, which costs a call.
 */
const SLACK_MS = 15 * 60_000

/** What one run does at most about one step; more is another kind of trouble, and is reported as that. */
const LIMITS = { pages: 20_000, lookups: 5000, findings: 10_000 }

export interface PartOptions {
  part: ClaimedPart
  step: ReconciledStep
  window: Window
  listing: Listing
  records: OurRecords
  differences: Differences
  /** What it came to so far, to be read by others meanwhile. */
  counts: Counts
  /** Aborts when the part is not this process's any more, or the process ends. */
  signal: AbortSignal
  limits?: typeof LIMITS
}

/**
 * Compares our record of one step with what its provider lists, over a time that is closed. Both are read in the order of
 * their changes, a page at a time, and keys are kept only until the other side has passed them: what it takes does not
 * grow with the window. Keys match, never times: what is not met is looked up by its key before it is called missing.
 * @throws Fault for a provider that cannot be read, or for more than a run can do.
 */
export async function comparePart(options: PartOptions): Promise<void> {
  const { part, step, window, listing, records, differences, counts, signal, limits = LIMITS } = options
  const rules = { ...step, until: window.to }
  /** Their keys, oldest first, that our record has not passed yet. */
  const met = new Map<string, number>()
  let place: Place = ['', +window.from]
  let isOver = false
  let waiting: Place[] = []
  let lookups = 0

  const judge = (key: string, ours: Ours, theirs: ListedItem | undefined): Finding | undefined => {
    const verdict = classify(ours, theirs, rules)
    if (verdict.kind === 'agrees') return undefined
    return {
      key,
      sagaId: ours.saga?.id ?? null,
      class: verdict.class,
      ours: sideOf(ours, rules),
      theirs: theirs === undefined ? null : shown(theirs),
      isDeferred: verdict.kind === 'deferred',
    }
  }

  const note = async (findings: readonly Finding[]): Promise<void> => {
    counts.found += findings.filter(({ isDeferred }) => !isDeferred).length
    await differences.note(part, step.provider, findings)
    if (counts.found > limits.findings)
      throw new Fault(TOO_MANY_DIFFERENCES, `${step.collection}: more than ${limits.findings} differences`)
  }

  /** Asks the provider for keys, one call each, and compares what it says. */
  const lookUp = async (keys: readonly string[]): Promise<string[]> => {
    lookups += keys.length
    if (lookups > limits.lookups)
      throw new Fault(
        TOO_MANY_LOOKUPS,
        `${step.collection}: more than ${limits.lookups} keys are not in the list`,
      )
    const theirs = new Map<string, ListedItem | undefined>()
    for (const key of keys) theirs.set(key, await listing.find(key))
    // Ours is read after theirs: what we do now is done there already.
    const unlike = await records.unlike(
      keys.map((key) => theirs.get(key) ?? { key, amountMinor: null, currency: null }),
    )
    const findings = [...unlike].flatMap(([key, ours]) => judge(key, ours, theirs.get(key)) ?? [])
    await note(findings)
    const differ = new Set(findings.map(({ key }) => key))
    return keys.filter((key) => !differ.has(key))
  }

  /** Reads our record up to a time, and looks up what the provider has not listed. */
  const advanceOurs = async (until: number): Promise<void> => {
    for (;;) {
      if (waiting.length === 0 && !isOver) {
        waiting = await records.page(place, window.to)
        counts.ours += waiting.length
        isOver = waiting.length === 0
        place = waiting.at(-1) ?? place
      }
      const ready = waiting.findIndex(([, changedAt]) => changedAt > until)
      const passed = ready === -1 ? waiting : waiting.slice(0, ready)
      waiting = ready === -1 ? [] : waiting.slice(ready)
      await lookUp(passed.flatMap(([key]) => (met.has(key) ? [] : [key])))
      forget(met, (passed.at(-1)?.[1] ?? 0) - SLACK_MS)
      if (ready !== -1 || isOver) return
    }
  }

  let cursor: string | undefined
  let position = +window.from
  const cursors = new Set<string>()
  for (let pages = 1; ; pages += 1) {
    if (pages > limits.pages)
      throw new Fault(TOO_MANY_PAGES, `${step.collection}: more than ${limits.pages} pages`)
    const { items, next } = await listing.page(window, cursor)
    for (const { changedAt } of items) {
      if (+changedAt < position || changedAt >= window.to)
        throw new Fault(
          'PROVIDER_UNEXPECTED',
          `${step.collection}: the list is not in the order of its changes`,
        )
      position = +changedAt
    }
    counts.theirs += items.length
    // Ours is read after theirs here, too.
    const unlike = await records.unlike(items)
    await note(
      items.flatMap((item) => {
        const ours = unlike.get(item.key)
        return ours === undefined ? [] : (judge(item.key, ours, item) ?? [])
      }),
    )
    for (const { key, changedAt } of items) met.set(key, +changedAt)
    signal.throwIfAborted()
    if (next === undefined) break
    // A page may have nothing new, or nothing at all: the list goes on all the same, unless it comes back to a place.
    if (cursors.has(next))
      throw new Fault('PROVIDER_UNEXPECTED', `${step.collection}: the list does not go on`)
    cursors.add(next)
    cursor = next
    await advanceOurs(position - SLACK_MS)
  }
  await advanceOurs(Number.POSITIVE_INFINITY)

  // What an earlier run has seen, and this one has not met, is looked up: it has agreed since, or is older than the window.
  const unmet: string[] = []
  const notAskable: string[] = []
  for (const key of await differences.unmet(part)) (isEscaped(key) ? notAskable : unmet).push(key)
  await differences.stand(part, notAskable)
  lookups = 0
  for (let from = 0; from < unmet.length; from += RECHECKED_AT_ONCE)
    await differences.agreed(part, await lookUp(unmet.slice(from, from + RECHECKED_AT_ONCE)))
}

/** The codes of Faults for what no further attempt would do better. */
export const TOO_MANY_PAGES = 'TOO_MANY_PAGES'
export const TOO_MANY_LOOKUPS = 'TOO_MANY_LOOKUPS'
export const TOO_MANY_DIFFERENCES = 'TOO_MANY_DIFFERENCES'

const RECHECKED_AT_ONCE = 50

const shown = ({ amountMinor, currency, state }: ListedItem): Side => ({ amountMinor, currency, state })

/** A map keeps the order in which its keys were set: the oldest are first. */
function forget(met: Map<string, number>, before: number): void {
  for (const [key, changedAt] of met) {
    if (changedAt >= before) return
    met.delete(key)
  }
}
