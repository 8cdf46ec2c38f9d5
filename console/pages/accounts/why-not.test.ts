import { expect, test } from 'vitest'
import { whyNot, type AccountAction } from './why-not.ts'

const ACTIONS = ['deposit', 'withdraw', 'freeze', 'unfreeze', 'close'] as const

test.each<[string, { status: 'open' | 'frozen' | 'closed'; balanceMinor: number }, AccountAction[]]>([
  ['with money', { status: 'open', balanceMinor: 500 }, ['deposit', 'withdraw', 'freeze']],
  ['without money', { status: 'open', balanceMinor: 0 }, ['deposit', 'freeze', 'close']],
  ['that is frozen', { status: 'frozen', balanceMinor: 500 }, ['unfreeze']],
  ['that is frozen without money', { status: 'frozen', balanceMinor: 0 }, ['unfreeze', 'close']],
  ['that is closed', { status: 'closed', balanceMinor: 0 }, []],
])('an account %s lets an operator do what the API would accept', (_name, account, possible) => {
  expect(ACTIONS.filter((action) => whyNot(action, account) === undefined)).toEqual(possible)
})
