import { describe, expect, it, vi } from 'vitest'
import { explore, type PortCall, type Scene } from '../../test/harness/interleavings.ts'
import { asFence, createModelJudge, isOwed, UNTOUCHED } from '../../test/harness/model-fence.ts'
import { chargePayment } from '../payment/charge-payment.ts'
import type { KeyedProvider } from '../provider/protocol.ts'

// A late attempt pauses before it tries again; here nothing takes time.
vi.mock('node:timers/promises', () => ({ setTimeout: async () => undefined }))

const ASKED = { amountMinor: 1590, currency: 'EUR' }
type Effect = typeof ASKED & { id: string }

/** A gateway's memory of one key. */
interface Memory {
  charge: 'none' | 'live' | 'undone'
  effect: Effect | undefined
  isVoided: boolean
}

interface Lies {
  readonly ways: readonly ('charge' | 'decline' | 'charge less')[]
  readonly mayForget: boolean
}

/**
 * A gateway that keeps to its keys, but remembers no decline: the same request may be charged when it comes again. One
 * that forgets may call a key void under which it has charged.
 */
function modelGateway(
  memory: Memory,
  { ways, mayForget }: Lies,
  call: PortCall,
): KeyedProvider<object, Effect> {
  const known = () => {
    if (memory.isVoided || memory.charge === 'undone') return { kind: 'voided' } as const
    return memory.effect === undefined ? undefined : ({ kind: 'ok', effect: memory.effect } as const)
  }
  const charge = (amountMinor: number) => () => {
    if (known() === undefined) {
      memory.charge = 'live'
      memory.effect = { ...ASKED, amountMinor, id: 'ch_1' }
    }
    return known() as NonNullable<ReturnType<typeof known>>
  }
  const all = {
    charge: charge(ASKED.amountMinor),
    decline: () => known() ?? ({ kind: 'refused', code: 'PAYMENT_DECLINED', detail: 'no' } as const),
    'charge less': charge(1),
  }
  return {
    create: () => call('create', Object.fromEntries(ways.map((way) => [way, all[way]]))),
    find: () => call('find', { ask: known }),
    async makeFinal() {
      const isVoid = await call('void', {
        void: () => {
          memory.isVoided ||= memory.charge === 'none'
          return memory.isVoided
        },
        ...(mayForget ? { forget: () => true } : {}),
      })
      if (isVoid) return { kind: 'ok', effect: { kind: 'nothing' } }
      await call('refund', {
        refund: () => {
          memory.charge = 'undone'
        },
      })
      return { kind: 'ok', effect: { kind: 'undone', undone: memory.effect ?? { ...ASKED, id: 'ch_1' } } }
    },
  }
}

const ATTEMPT = { number: 1, isLocal: false, signal: new AbortController().signal }

const REASONS = new Set(['DEADLINE_EXCEEDED', 'PAYMENT_DECLINED', 'PROVIDER_MISMATCH'])

/** Attempts at a charge and at its undo, under way at once, of an order that may turn back at any moment. */
function scene(kinds: { charging: number; refunding: number }, lies: Lies, maySkip = false): Scene {
  const rows = { ...UNTOUCHED }
  const memory: Memory = { charge: 'none', effect: undefined, isVoided: false }
  const judge = createModelJudge(rows)
  let lie: string | undefined
  const step = (call: PortCall) =>
    chargePayment.bindTo(modelGateway(memory, lies, call), {
      fence: asFence(judge, ASKED, (what, transaction) => call(what, { commit: transaction })),
      reach: () => undefined,
    })
  const charge = async (call: PortCall) => {
    const answer = await step(call).chargePayment('s', ATTEMPT)
    const isDone = rows.state !== undefined && ['done', 'undoing', 'undone', 'skipped'].includes(rows.state)
    if (answer.kind === 'done' && !isDone) lie = `done, and the record says ${rows.state}`
    return answer
  }
  const refund = (call: PortCall) => step(call).refundPayment('s', ATTEMPT)
  const usual: PortCall = async (_what, itsWays) => {
    const [act] = Object.values(itsWays)
    if (act === undefined) throw new Error('a call that takes place in no way')
    return act()
  }
  return {
    state: { rows, memory },
    attempts: [
      ...Array.from({ length: kinds.charging }, () => ({ kind: 'charging', run: charge })),
      ...Array.from({ length: kinds.refunding }, () => ({ kind: 'refunding', run: refund })),
    ],
    events: {
      turnsBack: {
        isDue: () => rows.reason === undefined,
        happen: () => void judge.turnBack('DEADLINE_EXCEEDED'),
      },
      skips: {
        isDue: () => maySkip && rows.reason !== undefined && isOwed(rows),
        happen: () => void judge.skip(),
      },
    },
    check() {
      if (lie !== undefined) throw new Error(lie)
      const isPaid = memory.charge === 'live' && memory.effect?.amountMinor === ASKED.amountMinor
      if (rows.state === 'done' && rows.reason === undefined && !isPaid)
        throw new Error('done, and not charged')
    },
    async recover() {
      if (rows.reason === undefined) {
        const answer = await charge(usual)
        if (answer.kind === 'refused') judge.turnBack(answer.code)
      }
      if (rows.reason !== undefined) await refund(usual)
    },
    checkEnd() {
      const hasEnded = rows.reason === undefined ? rows.state === 'done' : !isOwed(rows)
      if (!hasEnded) throw new Error(`it ends as ${rows.state}`)
      const isUndone = rows.reason !== undefined && rows.state !== 'skipped'
      // A charge of which we know nothing may be forgotten: then nothing can be done.
      const isKnown = !lies.mayForget || rows.effect !== undefined || rows.refusal?.effect !== undefined
      if (isUndone && isKnown && memory.charge === 'live') throw new Error('undone, and charged')
      if (rows.reason !== undefined && !REASONS.has(rows.reason))
        throw new Error(`it ends for ${rows.reason}`)
    },
  }
}

describe('attempts at a provider step that are under way at once leave a charge exactly where one is due,', () => {
  it.each([
    { what: 'three that charge', kinds: { charging: 3, refunding: 0 }, ways: ['charge', 'decline'] },
    {
      what: 'two that charge and one that undoes it',
      kinds: { charging: 2, refunding: 1 },
      ways: ['charge', 'decline'],
    },
    {
      what: 'one that charges and two that undo it',
      kinds: { charging: 1, refunding: 2 },
      ways: ['charge', 'decline'],
    },
    {
      what: 'two at a gateway that charges something else',
      kinds: { charging: 2, refunding: 1 },
      ways: ['charge', 'charge less'],
    },
    {
      what: 'two that charge and one that undoes it at a gateway that forgets',
      kinds: { charging: 2, refunding: 1 },
      ways: ['charge', 'charge less'],
      mayForget: true,
    },
    {
      what: 'an undo that an operator skips',
      kinds: { charging: 1, refunding: 2 },
      ways: ['charge'],
      maySkip: true,
    },
  ] as const)(
    '$what, in every order of their calls, wherever they stop',
    async ({ kinds, ways, ...more }) => {
      const lies = { ways, mayForget: 'mayForget' in more }
      const states = await explore(() => scene(kinds, lies, 'maySkip' in more))
      expect(states).toBeGreaterThan(100)
    },
  )
})
