import type { Activities } from '../../activities/index.ts'
import { defineSaga } from '../saga/definition.ts'

/** What happens to a transfer of money: until the destination has it, it can be given back. */
export const transferSaga = defineSaga<Activities>()({
  name: 'transfer@1',
  compensatable: [{ at: 'account', execute: 'withdrawMoney', compensate: 'returnMoney' }],
  pivot: { at: 'account', execute: 'depositMoney' },
  retriable: [],
  journal: {
    at: 'transfer',
    begin: 'beginTransferCompensation',
    note: 'noteTransferProgress',
    cancel: 'cancelTransfer',
    close: 'closeTransfer',
  },
})

/** Every definition that a transfer may name, oldest first: new transfers are run by the last. */
export const transferDefinitions = [transferSaga]
