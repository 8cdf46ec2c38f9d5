import { describe, expect, it } from 'vitest'
import { classify, LATE_AFTER_MS, type Ours, type PairRules, type Theirs } from './classify.ts'

const UNTIL = new Date('2026-11-28T03:00:00Z')
const EARLIER = new Date(+UNTIL - 60_000)
const LATER = new Date(+UNTIL + 1)
const LONG_AGO = new Date(+UNTIL - LATE_AFTER_MS - 1)

/** A charge, which a saga that turns back undoes. */
const CHARGE: PairRules = {
  states: { live: 'charged', undone: 'refunded', pending: 'pending' },
  isUndone: true,
  isMoney: true,
  until: UNTIL,
}
/** A refund of a return, which a saga goes forward to. */
const REFUND: PairRules = { ...CHARGE, states: { live: 'refunded', undone: 'withdrawn' }, isUndone: false }
const PARCEL: PairRules = { ...CHARGE, states: { live: 'created', undone: 'cancelled' }, isMoney: false }

const theirs = (state: string, others: Partial<Theirs> = {}): Theirs => ({
  amountMinor: 1590,
  currency: 'EUR',
  state,
  changedAt: EARLIER,
  ...others,
})
const saga = (status: string, updatedAt = EARLIER) => ({ id: 'its saga', status, updatedAt })
const record = (isLive: boolean, others: Partial<NonNullable<Ours['record']>> = {}) => ({
  amountMinor: 1590,
  currency: 'EUR',
  isLive,
  changedAt: EARLIER,
  ...others,
})
const ours = (given: Partial<Ours> = {}): Ours => ({ record: null, saga: null, fence: null, ...given })

const STANDS = ours({ record: record(true), saga: saga('completed'), fence: 'done' })
const UNDONE = ours({ record: record(false), saga: saga('rejected'), fence: 'undone' })
const NEVER_WAS = ours({ saga: saga('rejected'), fence: 'undone' })

const verdictOf = (...given: Parameters<typeof classify>) => {
  const verdict = classify(...given)
  return verdict.kind === 'agrees' ? 'agrees' : `${verdict.kind}: ${verdict.class}`
}

describe('two sides agree', () => {
  it.each<[string, Ours, Theirs | undefined, PairRules]>([
    ['on what stands', STANDS, theirs('charged'), CHARGE],
    ['on what was undone', UNDONE, theirs('refunded'), CHARGE],
    ['on what never was', NEVER_WAS, undefined, CHARGE],
    ['on a key that was voided before anything happened', NEVER_WAS, theirs('voided'), CHARGE],
    ['on a charge of another amount that was undone at once', NEVER_WAS, theirs('refunded'), CHARGE],
    [
      'on a parcel, which has no amount',
      STANDS,
      theirs('created', { amountMinor: null, currency: null }),
      PARCEL,
    ],
    [
      'on an undo that was written off',
      ours({ record: record(true), saga: saga('cancelled'), fence: 'skipped' }),
      theirs('charged'),
      CHARGE,
    ],
    [
      'on one that was written off, and made good at the provider',
      ours({ record: record(true), saga: saga('cancelled'), fence: 'skipped' }),
      theirs('refunded'),
      CHARGE,
    ],
    ['on a void of a stranger', ours(), theirs('voided'), CHARGE],
  ])('%s', (_, us, them, rules) => {
    expect(verdictOf(us, them, rules)).toBe('agrees')
  })
})

describe('two sides differ', () => {
  it.each<[string, string, Ours, Theirs | undefined, PairRules]>([
    ['missing_here', 'a charge under a key that is no saga’s', ours(), theirs('charged'), CHARGE],
    ['missing_here', 'such a charge that was refunded', ours(), theirs('refunded'), CHARGE],
    [
      'missing_here',
      'a charge whose record was lost',
      ours({ saga: saga('completed'), fence: 'done' }),
      theirs('charged'),
      CHARGE,
    ],
    ['missing_here', 'a refund of a return that was lost', ours(), theirs('refunded'), REFUND],
    ['missing_there', 'a charge that the gateway does not know', STANDS, undefined, CHARGE],
    ['missing_there', 'a refunded one that it does not know', UNDONE, undefined, CHARGE],
    ['missing_there', 'a record whose order was lost', ours({ record: record(true) }), undefined, CHARGE],
    ['amount', 'another amount', STANDS, theirs('charged', { amountMinor: 1589 }), CHARGE],
    ['currency', 'another currency', STANDS, theirs('charged', { currency: 'USD' }), CHARGE],
    [
      'currency',
      'another currency, which makes amounts incomparable',
      STANDS,
      theirs('charged', { currency: 'JPY', amountMinor: 1 }),
      CHARGE,
    ],
    ['state', 'undone here, and charged there', UNDONE, theirs('charged'), CHARGE],
    ['state', 'charged here, and refunded there', STANDS, theirs('refunded'), CHARGE],
    ['state', 'charged here, and void there', STANDS, theirs('voided', { amountMinor: null }), CHARGE],
    ['state', 'charged here, and undecided there', STANDS, theirs('pending'), CHARGE],
    ['state', 'a word that we do not know', STANDS, theirs('disputed'), CHARGE],
    ['late', 'an effect after its saga had undone it', NEVER_WAS, theirs('charged'), CHARGE],
    [
      'late',
      'an effect after it was refused',
      ours({ saga: saga('rejected'), fence: 'refused' }),
      theirs('charged'),
      CHARGE,
    ],
    [
      'late',
      'one of a step that was never begun',
      ours({ saga: saga('rejected') }),
      theirs('charged'),
      CHARGE,
    ],
    [
      'late',
      'a refund after it was written off',
      ours({ saga: saga('completed'), fence: 'skipped' }),
      theirs('refunded'),
      REFUND,
    ],
    [
      'late',
      'a refund that stands for a day, and that we have not noted',
      ours({ saga: saga('completed'), fence: 'intended' }),
      theirs('refunded', { changedAt: LONG_AGO }),
      REFUND,
    ],
  ])('%s: %s', (expected, _, us, them, rules) => {
    expect(verdictOf(us, them, rules)).toBe(`differs: ${expected}`)
  })
})

describe('it is looked at again later', () => {
  it.each(['pending', 'processing', 'waiting', 'compensating', 'parked'])(
    'while its saga is %s',
    (status) => {
      expect(verdictOf(ours({ saga: saga(status), fence: 'intended' }), theirs('charged'), CHARGE)).toBe(
        'deferred: late',
      )
      expect(verdictOf({ ...STANDS, saga: saga(status) }, undefined, CHARGE)).toBe('deferred: missing_there')
    },
  )

  it.each<[string, Ours, Theirs | undefined, PairRules]>([
    [
      'while a completed saga has the step to do',
      ours({ saga: saga('completed'), fence: 'intended' }),
      theirs('refunded'),
      REFUND,
    ],
    ['when the provider has changed it since', STANDS, theirs('refunded', { changedAt: LATER }), CHARGE],
    [
      'when our record has changed since',
      { ...UNDONE, record: record(false, { changedAt: LATER }) },
      theirs('charged'),
      CHARGE,
    ],
    [
      'when its saga has moved since',
      { ...NEVER_WAS, saga: saga('rejected', LATER) },
      theirs('charged'),
      CHARGE,
    ],
    [
      'when it was changed just at the end of the window',
      STANDS,
      theirs('refunded', { changedAt: UNTIL }),
      CHARGE,
    ],
  ])('%s', (_, us, them, rules) => {
    expect(verdictOf(us, them, rules)).toMatch(/^deferred/)
  })
})
