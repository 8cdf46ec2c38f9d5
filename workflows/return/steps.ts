import type { Activities } from '../../activities/index.ts'
import { defineSaga } from '../saga/definition.ts'

/**
 * What happens to a return once all that it waits for was said: nothing of it is undone, it only goes forward. Until
 * then its pivot waits, for weeks if it must; who says what, and what follows from it, is the process manager's
 * (prisma/functions/returns.sql).
 */
export const returnSaga = defineSaga<Activities>()({
  name: 'return@1',
  compensatable: [],
  pivot: { at: 'inventory', execute: 'restockReturn' },
  retriable: [
    { at: 'loyalty', execute: 'revokeReturnPoints' },
    { at: 'payment', execute: 'refundReturn' },
  ],
  journal: {
    at: 'return',
    begin: 'beginReturnCompensation',
    note: 'noteReturnProgress',
    cancel: 'cancelReturn',
    close: 'closeReturn',
  },
})

/** Every definition that a return may name, oldest first: new returns are run by the last. */
export const returnDefinitions = [returnSaga]
