import { expect, it } from 'vitest'
import type { Journal, SagaChange } from '../domain/saga/journal.ts'
import { createJournalActivities } from './journal.ts'

const ATTEMPT = { number: 1, isLocal: true, signal: new AbortController().signal }
const NAMES = { begin: 'begin', note: 'note', cancel: 'cancel', close: 'close' } as const

it('a change that this release does not know is a fault and never said to be noted', async () => {
  const errors: unknown[] = []
  const ports = {
    reach: () => undefined,
    onFault: (_code: string, error: unknown) => void errors.push(error),
  }
  const { note } = createJournalActivities({} as Journal, ports, NAMES)
  const change = { kind: 'frozen', step: 'chargePayment' } as unknown as SagaChange
  await expect(note({ id: 'a-saga', change }, ATTEMPT)).rejects.toMatchObject({ name: 'Fault' })
  expect(errors).toEqual([
    expect.objectContaining({ message: expect.stringContaining('"frozen"') as unknown }),
  ])
})
