import { describe, expect, it } from 'vitest'
import type { Attempt } from '../domain/provider/protocol.ts'
import { done, refused, type StepAnswer } from '../domain/saga/step-answer.ts'
import { Fault, newerEvent } from '../faults.ts'
import { createActivity, type SagaRef } from './attempt.ts'

const SIGNAL = new AbortController().signal
const LOCAL: Attempt = { number: 1, isLocal: true, signal: SIGNAL }
const THIRD_QUEUED: Attempt = { number: 3, isLocal: false, signal: SIGNAL }

/** Makes one attempt, without any engine. */
async function attemptOnce(
  run: (input: SagaRef, attempt: Attempt) => Promise<StepAnswer>,
  attempt: Attempt,
  input: SagaRef = { id: 'an-order' },
) {
  const reached: string[] = []
  const faults: unknown[][] = []
  const ports = {
    reach: (point: string) => void reached.push(point),
    onFault: (...fault: unknown[]) => void faults.push(fault),
  }
  const outcome = await createActivity(
    'nap',
    ports,
    run,
  )(input, attempt).then(
    (answer) => ({ answer }),
    (thrown: unknown) => ({ thrown }),
  )
  return { ...outcome, reached, faults }
}

const answers = (answer: StepAnswer) => async () => answer
const fails = (error: Error) => async (): Promise<StepAnswer> => {
  throw error
}

describe('an attempt', () => {
  it('is counted over all calls, and carries what the engine gives it', async () => {
    const seen: Attempt[] = []
    const run = async (_input: SagaRef, attempt: Attempt) => {
      seen.push(attempt)
      return done
    }
    await attemptOnce(run, LOCAL)
    await attemptOnce(run, THIRD_QUEUED, { id: 'an-order', tried: 1 })
    expect(seen).toEqual([LOCAL, { ...THIRD_QUEUED, number: 4 }])
  })

  it.each<StepAnswer>([refused('PROVIDER_MISMATCH', 'less'), { kind: 'unavailable', retryAfterMs: 5 }])(
    'that ends as %j because of a fault reports it, and hands on its class where it is waited for',
    async (answer) => {
      const made = { ...answer, fault: 'PROVIDER_DENIED' } as StepAnswer
      const { faults, reached: _, ...outcome } = await attemptOnce(answers(made), LOCAL)
      const why = answer.kind === 'unavailable' ? { why: 'PROVIDER_DENIED' } : {}
      expect(outcome).toEqual({ answer: { ...answer, ...why } })
      expect(faults).toEqual([['PROVIDER_DENIED', expect.any(Fault)]])
    },
  )

  it.each([done, refused('OUT_OF_STOCK', 'TEA-001'), { kind: 'notLocal' } as const])(
    'that ends as %j hands its answer on',
    async (answer) => {
      const { faults, reached, ...outcome } = await attemptOnce(answers(answer), THIRD_QUEUED)
      expect([outcome, faults]).toEqual([{ answer }, []])
      expect(reached).toEqual(['nap:before', 'nap:after'])
    },
  )

  it.each([
    ['locally', LOCAL, {}],
    ['on its queue', THIRD_QUEUED, { spent: 2 }],
  ])(
    'that finds its provider unavailable %s is not spent; those before it are',
    async (_, attempt, spent) => {
      const answer = { kind: 'unavailable', retryAfterMs: 700 } as const
      expect(await attemptOnce(answers(answer), attempt)).toMatchObject({ answer: { ...answer, ...spent } })
      expect((await attemptOnce(answers(answer), attempt)).faults).toEqual([])
    },
  )

  it.each([
    ['locally', LOCAL, {}],
    ['on its queue', THIRD_QUEUED, { spent: 2 }],
  ])('that finds our database away %s waits for it like for a provider', async (_, attempt, spent) => {
    const away = Object.assign(new Error('no route'), { code: 'ECONNREFUSED' })
    const { faults, ...outcome } = await attemptOnce(fails(away), attempt)
    const answer = { kind: 'unavailable', why: 'DATABASE_UNAVAILABLE', ...spent }
    expect(outcome).toEqual({ answer, reached: ['nap:before'] })
    expect(faults).toEqual([])
  })

  it.each([
    ['locally', LOCAL, {}],
    ['on its queue', THIRD_QUEUED, { spent: 2 }],
  ])(
    'that meets an event of a newer release %s waits for a newer worker, in the log',
    async (_, attempt, spent) => {
      const newer = newerEvent('CreditGranted')
      const { faults, ...outcome } = await attemptOnce(fails(newer), attempt)
      expect(outcome).toMatchObject({ answer: { kind: 'unavailable', why: 'NEWER_EVENT', ...spent } })
      expect(faults).toEqual([['NEWER_EVENT', newer]])
    },
  )

  it.each([
    ['locally', LOCAL, 1],
    ['on its queue', THIRD_QUEUED, 3],
  ])('whose fault says when to come back %s waits that long, and is spent', async (_, attempt, spent) => {
    const fault = new Fault('PROVIDER_ERROR', 'POST /charges answered 503', 5000)
    const { faults, ...outcome } = await attemptOnce(fails(fault), attempt)
    expect(outcome).toMatchObject({
      answer: { kind: 'unavailable', why: 'PROVIDER_ERROR', retryAfterMs: 5000, spent },
    })
    expect(faults).toEqual([['PROVIDER_ERROR', fault]])
  })

  it.each([
    ['a fault', new Fault('PROVIDER_TIMEOUT', 'no answer from pm_secret'), 'PROVIDER_TIMEOUT'],
    [
      'an error of the database',
      Object.assign(new Error('duplicate key cus_alice'), { name: 'PrismaClientKnownRequestError' }),
      'DATABASE',
    ],
    ['anything else', new TypeError('x is not a function'), 'INTERNAL'],
  ])('that ends in %s lets out its class, and reports the error itself', async (_, error, code) => {
    const { faults, ...outcome } = await attemptOnce(fails(error), THIRD_QUEUED)
    expect(outcome).toMatchObject({ thrown: { name: 'Fault', code, message: code } })
    expect(faults).toEqual([[code, error]])
  })
})
