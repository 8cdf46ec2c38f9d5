import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, evolve, NO_ACCOUNT, type AccountCommand, type AccountEvent } from './account.ts'

const EUR = { currency: 'EUR' }
const opened: AccountEvent = { type: 'AccountOpened', data: { ownerId: 'cus_alice', ...EUR } }
const deposited = (amountMinor: number): AccountEvent => ({
  type: 'MoneyDeposited',
  data: { amountMinor, ...EUR },
})
const withdrawn = (amountMinor: number): AccountEvent => ({
  type: 'MoneyWithdrawn',
  data: { amountMinor, ...EUR },
})
const frozen: AccountEvent = { type: 'AccountFrozen', data: {} }
const closed: AccountEvent = { type: 'AccountClosed', data: {} }

const given = (...history: AccountEvent[]) => ({
  when: (command: AccountCommand) => decide(command, history.reduce(evolve, NO_ACCOUNT)),
})
const accepted = (...events: AccountEvent[]) => ({ kind: 'accepted', events })
const refused = (code: string) => ({ kind: 'refused', code })

describe('an account', () => {
  it('is opened once', () => {
    const open = { kind: 'open', ownerId: 'cus_alice', ...EUR } as const
    expect(given().when(open)).toEqual(accepted(opened))
    expect(given(opened).when(open)).toEqual(refused('ACCOUNT_EXISTS'))
    expect(given(opened, closed).when(open)).toEqual(refused('ACCOUNT_EXISTS'))
  })

  it('that was never opened takes no command', () => {
    for (const command of [
      { kind: 'deposit', amountMinor: 1, ...EUR },
      { kind: 'withdraw', amountMinor: 1, ...EUR },
      { kind: 'return', amountMinor: 1, transferId: 't', ...EUR },
      { kind: 'freeze' },
      { kind: 'unfreeze' },
      { kind: 'close' },
    ] as const)
      expect(given().when(command)).toEqual(refused('ACCOUNT_NOT_FOUND'))
  })

  it('takes deposits, and says for which transfer', () => {
    expect(given(opened).when({ kind: 'deposit', amountMinor: 5, ...EUR })).toEqual(accepted(deposited(5)))
    expect(given(opened).when({ kind: 'deposit', amountMinor: 5, ...EUR, transferId: 't' })).toEqual(
      accepted({ type: 'MoneyDeposited', data: { amountMinor: 5, ...EUR, transferId: 't' } }),
    )
  })

  it('gives what it has, and not more', () => {
    const account = given(opened, deposited(10), withdrawn(4))
    expect(account.when({ kind: 'withdraw', amountMinor: 6, ...EUR })).toEqual(accepted(withdrawn(6)))
    expect(account.when({ kind: 'withdraw', amountMinor: 7, ...EUR })).toEqual(refused('INSUFFICIENT_FUNDS'))
  })

  it('deals in its own currency only', () => {
    const dollars = { amountMinor: 1, currency: 'USD' }
    for (const kind of ['deposit', 'withdraw'] as const)
      expect(given(opened, deposited(10)).when({ kind, ...dollars })).toEqual(refused('CURRENCY_MISMATCH'))
    expect(given(opened).when({ kind: 'return', transferId: 't', ...dollars })).toEqual(
      refused('CURRENCY_MISMATCH'),
    )
  })

  it('holds no more than can be counted exactly', () => {
    const full = given(opened, deposited(Number.MAX_SAFE_INTEGER))
    expect(full.when({ kind: 'deposit', amountMinor: 1, ...EUR })).toEqual(refused('BALANCE_TOO_LARGE'))
  })

  it('that is frozen lets no money in or out until it is unfrozen', () => {
    const account = given(opened, deposited(10), frozen)
    for (const kind of ['deposit', 'withdraw'] as const)
      expect(account.when({ kind, amountMinor: 1, ...EUR })).toEqual(refused('ACCOUNT_FROZEN'))
    expect(account.when({ kind: 'freeze' })).toEqual(accepted())
    expect(account.when({ kind: 'unfreeze' })).toEqual(accepted({ type: 'AccountUnfrozen', data: {} }))
    expect(given(opened).when({ kind: 'unfreeze' })).toEqual(refused('ACCOUNT_NOT_FROZEN'))
    const thawed = given(opened, deposited(10), frozen, { type: 'AccountUnfrozen', data: {} })
    expect(thawed.when({ kind: 'withdraw', amountMinor: 10, ...EUR })).toEqual(accepted(withdrawn(10)))
  })

  it('is closed when it is empty, for good', () => {
    expect(given(opened, deposited(1)).when({ kind: 'close' })).toEqual(refused('BALANCE_NOT_ZERO'))
    expect(given(opened).when({ kind: 'close' })).toEqual(accepted(closed))
    const account = given(opened, closed)
    expect(account.when({ kind: 'close' })).toEqual(accepted())
    expect(account.when({ kind: 'freeze' })).toEqual(refused('ACCOUNT_CLOSED'))
    for (const kind of ['deposit', 'withdraw'] as const)
      expect(account.when({ kind, amountMinor: 1, ...EUR })).toEqual(refused('ACCOUNT_CLOSED'))
  })

  it('takes back what a transfer owes it in every state', () => {
    const owed = { kind: 'return', amountMinor: 3, transferId: 't', ...EUR } as const
    const returned = accepted({
      type: 'MoneyReturned',
      data: { amountMinor: 3, ...EUR, transferId: 't' },
    })
    for (const history of [[opened], [opened, frozen], [opened, closed]])
      expect(given(...history).when(owed)).toEqual(returned)
  })

  it('never goes below zero, and holds exactly what came in less what went out', () => {
    const command = fc.record({
      kind: fc.constantFrom('deposit' as const, 'withdraw' as const),
      amountMinor: fc.integer({ min: 1, max: 1000 }),
    })
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        let state = [opened].reduce(evolve, NO_ACCOUNT)
        let expected = 0
        for (const { kind, amountMinor } of commands) {
          const decision = decide({ kind, amountMinor, ...EUR }, state)
          if (decision.kind === 'refused') continue
          state = decision.events.reduce(evolve, state)
          expected += kind === 'deposit' ? amountMinor : -amountMinor
        }
        expect(state).toMatchObject({ balanceMinor: expected })
        expect(expected).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  it('has no state after an event that it does not know, so nothing is decided on one', () => {
    const state = [opened, deposited(1)].reduce(evolve, NO_ACCOUNT)
    for (const before of [NO_ACCOUNT, state])
      expect(() => evolve(before, { type: 'CreditGranted', data: {} })).toThrow(
        expect.objectContaining({ code: 'NEWER_EVENT' }) as Error,
      )
  })
})
