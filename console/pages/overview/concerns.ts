import type { LinkProps } from '@tanstack/react-router'
import type { components } from '../../api-types.ts'
import type { Tone } from '../../ui/badge.tsx'
import { formatCount } from '../../ui/count.ts'
import { formatMoney } from '../../ui/money.tsx'
import { span } from '../../ui/time.tsx'

type Schemas = components['schemas']
export type Overview = Schemas['OperationsOverview']

/** What the page reads. What could not be read is null. */
export interface Reading {
  overview: Overview
  dependencies: Schemas['Dependencies'] | null
  projections: Schemas['Projections'] | null
  maintenance: Schemas['Maintenance'] | null
  /** Undefined while the first check runs. */
  invariants: Schemas['Invariants'] | null | undefined
}

export interface Concern {
  /** Broken, needs a person, or waits and continues by itself. */
  tone: Extract<Tone, 'failed' | 'person' | 'waiting'>
  text: string
  /** Where it is dealt with, and the words that lead there. */
  place: Pick<LinkProps, 'to' | 'params' | 'search'>
  action: string
}

/** A queue whose oldest entry is older than this does not move as it should. */
const QUEUE_MAX_MS = 10_000

/** The default deadline of an order. */
const OPEN_MAX_MS = 30 * 60_000

const RANK = { failed: 0, person: 1, waiting: 2 }

/** Everything that is not as it should be, the most serious first. */
export function concernsOf(reading: Reading): Concern[] {
  const { overview } = reading
  return [
    ...ofInvariants(reading),
    ...ofLeaders(overview),
    ...ofFailures(overview),
    ...ofMaintenance(reading),
    ...ofProviders(reading),
    ...ofQueues(overview),
    ...ofReadModels(reading),
    ...ofOldest(overview),
  ].sort((a, b) => RANK[a.tone] - RANK[b.tone])
}

function ofInvariants({ invariants }: Reading): Concern[] {
  const place = { to: '/invariants' } as const
  if (invariants === undefined) return []
  if (invariants === null) return [unread('The invariants', place)]
  const all = invariants.checks.filter(({ ok }) => !ok).map(({ name }) => name)
  const broken = all.filter((name) => name !== RECONCILIATION)
  const differing = all.length > broken.length ? [DIFFERING] : []
  if (broken.length === 0) return differing
  const text = `${broken.length === 1 ? 'An invariant does' : `${broken.length} invariants do`} not hold: ${broken.join(', ')}.`
  return [{ tone: 'failed', text, place, action: 'See what breaks it' }, ...differing]
}

/** The check that is broken until a person has dealt with it: nothing of ours need be. */
const RECONCILIATION = 'reconciliation'
const DIFFERING: Concern = {
  tone: 'person',
  text: 'Our record and a provider do not agree.',
  place: { to: '/reconciliation' },
  action: 'See the differences',
}

const unread = (what: string, place: Concern['place']): Concern => ({
  tone: 'waiting',
  text: `${what} could not be read.`,
  place,
  action: 'Open the page',
})

/** What comes to nothing without a leader. */
const LEADERS = [
  ['relay', 'Events are not published'],
  ['projector', 'Read models do not advance'],
  ['choreography', 'Choreographed orders go on by their watchdog alone'],
] as const

/** Without a leader, no process does its work. Another takes over within seconds, so a short gap is no failure. */
function ofLeaders({ processes }: Overview): Concern[] {
  const held = new Set(processes.flatMap(({ leaderOf }) => leaderOf))
  return LEADERS.filter(([office]) => !held.has(office)).map(([office, effect]) => ({
    tone: 'waiting',
    text: `No process leads the ${office}. ${effect} until one does.`,
    place: { to: '/maintenance' },
    action: 'See the processes',
  }))
}

function ofFailures({ parked, deadLetters, orphans }: Overview): Concern[] {
  const concerns: Concern[] = []
  const held = parked.amounts
    .map(({ amountMinor, currency }) => formatMoney(amountMinor, currency))
    .join(' + ')
  if (parked.steps > 0)
    concerns.push({
      tone: 'person',
      text: `${count(parked.steps, 'step is', 'steps are')} parked${held === '' ? '' : `, in orders, returns and transfers of ${held}`}.`,
      place: { to: '/failures', search: { state: 'parked' } },
      action: 'Retry or give up',
    })
  if (deadLetters.parked > 0)
    concerns.push({
      tone: 'person',
      text: `${count(deadLetters.parked, 'event is a dead letter', 'events are dead letters')}, ${formatCount(deadLetters.behind)} more wait behind.`,
      place: { to: '/dead-letters', search: { state: 'parked' } },
      action: 'Reprocess',
    })
  if (deadLetters.retrying > 0)
    concerns.push({
      tone: 'waiting',
      text: `${count(deadLetters.retrying, 'event is', 'events are')} being retried by a consumer.`,
      place: { to: '/dead-letters', search: { state: 'retrying' } },
      action: 'See the cause',
    })
  if (orphans.count > 0)
    concerns.push({
      tone: 'waiting',
      text: `${count(orphans.count, 'open order, return or transfer has', 'open orders, returns and transfers have')} no workflow. It is started again automatically.`,
      place: { to: '/invariants' },
      action: 'See which',
    })
  return concerns
}

function ofMaintenance({ maintenance }: Reading): Concern[] {
  const place = { to: '/maintenance' } as const
  if (maintenance === null) return [unread('The maintenance switches', place)]
  const { intake, breakers, pausedSteps } = maintenance
  const held = Object.entries(breakers).flatMap(([provider, state]) => (state === 'open' ? [provider] : []))
  const texts = [
    ...(intake === 'paused'
      ? ['Intake is paused: new orders, returns and transfers are answered with 503.']
      : []),
    ...held.map((provider) => `An operator holds the breaker of ${provider} open.`),
    ...pausedSteps.map((step) => `The step ${step} is paused by an operator.`),
  ]
  return texts.map((text) => ({ tone: 'waiting', text, place, action: 'Change it' }))
}

function ofProviders({ dependencies }: Reading): Concern[] {
  if (dependencies === null) return [unread('The providers', { to: '/maintenance' })]
  return dependencies.data.flatMap(({ provider, breaker, bulkhead, waiting }): Concern[] => {
    const isAway = breaker === 'open' || breaker === 'half-open'
    const isFull = bulkhead.limit > 0 && bulkhead.inUse >= bulkhead.limit
    if (!isAway && !isFull && waiting === 0) return []
    const why = isAway
      ? `The provider ${provider} does not answer: its breaker is ${breaker}.`
      : isFull
        ? `All ${bulkhead.limit} slots of ${provider} are in use.`
        : ''
    const who = `${count(waiting, 'order waits', 'orders wait')} for ${why === '' ? provider : 'it'}.`
    const text = waiting === 0 ? why : `${why} ${who}`.trim()
    return [
      waiting === 0
        ? { tone: 'waiting', text, place: { to: '/maintenance' }, action: 'See the breakers' }
        : {
            tone: 'waiting',
            text,
            place: { to: '/orders', search: { status: 'waiting' } },
            action: 'See the orders',
          },
    ]
  })
}

function ofQueues({ asOf, starts, outbox }: Overview): Concern[] {
  const age = (at: string | null) => (at === null ? 0 : Date.parse(asOf) - Date.parse(at))
  const concerns: Concern[] = []
  if (age(starts.oldestAt) > QUEUE_MAX_MS)
    concerns.push({
      tone: 'waiting',
      text: `${count(starts.backlog, 'order waits', 'orders wait')} for a workflow, the oldest for ${span(age(starts.oldestAt))}. Temporal may be down.`,
      place: { to: '/orders', search: { status: 'pending' } },
      action: 'See the orders',
    })
  if (age(outbox.oldestAt) > QUEUE_MAX_MS)
    concerns.push({
      tone: 'waiting',
      text: `${count(outbox.unpublished, 'event waits', 'events wait')} in the outbox, the oldest for ${span(age(outbox.oldestAt))}. The relay or the broker may be down.`,
      place: { to: '/read-models' },
      action: 'See the read models',
    })
  return concerns
}

function ofReadModels({ projections }: Reading): Concern[] {
  const place = { to: '/read-models' } as const
  if (projections === null) return [unread('The read models', place)]
  return projections.data.flatMap(({ name, lagMs, rebuild }): Concern[] => {
    const isRebuilt = rebuild.state === 'wished' || rebuild.state === 'running'
    if (lagMs <= QUEUE_MAX_MS && !isRebuilt) return []
    const text = isRebuilt
      ? `The read model ${name} is being rebuilt.`
      : `The read model ${name} is ${span(lagMs)} behind.`
    return [{ tone: 'waiting', text, place, action: 'See the read models' }]
  })
}

/** A parked one is a concern already. */
function ofOldest({ asOf, orders: { oldestOpen } }: Overview): Concern[] {
  if (oldestOpen === null || oldestOpen.status === 'parked') return []
  const ageMs = Date.parse(asOf) - Date.parse(oldestOpen.createdAt)
  if (ageMs <= OPEN_MAX_MS) return []
  return [
    {
      tone: 'waiting',
      text: `The oldest open order was placed ${span(ageMs)} ago and is ${oldestOpen.status}.`,
      place: { to: '/orders/$id', params: { id: oldestOpen.id } },
      action: 'Open it',
    },
  ]
}

const count = (many: number, one: string, more: string) => `${formatCount(many)} ${many === 1 ? one : more}`

/** One look: whether to worry, and how much. */
export function headlineOf(concerns: readonly Concern[]): { tone: Tone; text: string } {
  const of = (tone: Concern['tone']) => concerns.filter((concern) => concern.tone === tone).length
  const [failed, person, waiting] = [of('failed'), of('person'), of('waiting')]
  if (concerns.length === 0) return { tone: 'done', text: 'All is well.' }
  const parts = [
    ...(failed > 0 ? [count(failed, 'thing is broken', 'things are broken')] : []),
    ...(person > 0 ? [count(person, 'thing needs a person', 'things need a person')] : []),
    ...(waiting > 0 ? [count(waiting, 'thing waits', 'things wait')] : []),
  ]
  const text = `${parts.join(', ')}.`
  return failed + person === 0
    ? { tone: 'waiting', text: `Nothing needs a person. ${text}` }
    : { tone: failed > 0 ? 'failed' : 'person', text }
}
