import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Fault } from '../../faults.ts'
import type { ProviderRequest, ProviderResponse } from './http.ts'
import { createKeyedProvider } from './keyed.ts'

const ATTEMPT = { number: 1, isLocal: true, signal: new AbortController().signal }
const EFFECT = { id: 'ch_1' }

/** A provider that answers each request as the test says, by its method and the end of its path. */
const provider = (answers: Record<string, ProviderResponse | Fault>) =>
  createKeyedProvider({
    http: async ({ method, path }: ProviderRequest) => {
      const effect = answers[`${method} ${path}`]
      if (effect === undefined) throw new Error(`Nobody said what ${method} ${path} is answered`)
      if (effect instanceof Fault) throw effect
      return { kind: 'ok', effect }
    },
    collection: 'charges',
    effect: z.object({ id: z.string() }),
    states: { live: 'charged', undone: 'refunded', pending: 'pending' },
    refusals: { DECLINED: { code: 'PAYMENT_DECLINED', detail: 'declined' } },
    undo: () => ({ method: 'POST', path: '/refunds' }),
  })
const body = (state: string, status = 200): ProviderResponse => ({ status, body: { ...EFFECT, state } })
const NOT_VOIDABLE = { status: 409, body: { code: 'NOT_VOIDABLE' } }

describe('a success counts for the state in its body', () => {
  it.each([
    ['stands', 'charged', { kind: 'ok', effect: EFFECT }],
    ['is undone, as one finds it who was restored from a backup,', 'refunded', { kind: 'voided' }],
  ])('an effect that %s', async (_what, state, answer) => {
    const charges = provider({
      'POST /charges': body(state, 201),
      'GET /charges/key': body(state),
    })
    expect(await charges.create('key', {}, ATTEMPT)).toEqual(answer)
    expect(await charges.find('key', ATTEMPT)).toEqual(answer)
  })

  it('in no state that is known is a fault', async () => {
    const charges = provider({
      'POST /charges': body('disputed', 201),
      'GET /charges/key': body('disputed'),
    })
    await expect(charges.create('key', {}, ATTEMPT)).rejects.toMatchObject({ code: 'PROVIDER_MISMATCH' })
    await expect(charges.find('key', ATTEMPT)).rejects.toMatchObject({ code: 'PROVIDER_MISMATCH' })
  })

  it.each([
    ['without a body', { status: 204, body: undefined }],
    ['without a state', { status: 201, body: EFFECT }],
    ['with half of the effect', { status: 201, body: { state: 'charged' } }],
  ])('%s is a fault', async (_what, answer) => {
    const charges = provider({ 'POST /charges': answer })
    await expect(charges.create('key', {}, ATTEMPT)).rejects.toMatchObject({ code: 'PROVIDER_UNEXPECTED' })
  })
})

describe('an answer that is no refusal of this request', () => {
  const waited = { kind: 'unavailable', fault: 'PROVIDER_UNEXPECTED' }

  it.each([
    [400, 'MALFORMED'],
    [404, undefined],
    [409, 'IN_PROGRESS'],
    [422, 'KEY_REUSED'],
  ])('%i %s is waited for', async (status, code) => {
    const answer = { status, body: { code } }
    const charges = provider({ 'POST /charges': answer, 'GET /charges/key': answer })
    expect(await charges.create('key', {}, ATTEMPT)).toEqual(waited)
    expect(await charges.find('key', ATTEMPT)).toEqual(waited)
  })

  it('since our credentials are not taken, is waited for wherever we ask', async () => {
    const denied = new Fault('PROVIDER_DENIED', 'payment answered 401: are our credentials right?')
    const charges = provider({
      'POST /charges': denied,
      'GET /charges/key': denied,
      'PUT /charges/key/void': denied,
    })
    const waiting = { kind: 'unavailable', fault: 'PROVIDER_DENIED' }
    expect(await charges.create('key', {}, ATTEMPT)).toEqual(waiting)
    expect(await charges.find('key', ATTEMPT)).toEqual(waiting)
    expect(await charges.makeFinal('key', 'undo', ATTEMPT)).toEqual(waiting)
  })

  it('that is not decided yet is waited for, also as that of an undo', async () => {
    const pending = { kind: 'unavailable', why: 'PENDING' }
    const charges = provider({
      'POST /charges': body('pending', 202),
      'GET /charges/key': body('pending'),
      'PUT /charges/key/void': NOT_VOIDABLE,
      'POST /refunds': body('pending', 202),
    })
    expect(await charges.create('key', {}, ATTEMPT)).toEqual(pending)
    expect(await charges.find('key', ATTEMPT)).toEqual(pending)
    expect(await charges.makeFinal('key', 'undo', ATTEMPT)).toEqual(pending)
  })

  it('leaves a refusal what it is, and a key that is not known unknown', async () => {
    const charges = provider({
      'POST /charges': { status: 402, body: { code: 'DECLINED' } },
      'GET /charges/key': { status: 404, body: { code: 'UNKNOWN_KEY' } },
    })
    expect(await charges.create('key', {}, ATTEMPT)).toMatchObject({ kind: 'refused' })
    expect(await charges.find('key', ATTEMPT)).toBeUndefined()
  })
})

describe('a key is final when the provider says so', () => {
  const undo = (voided: ProviderResponse, refunded: ProviderResponse = NOT_VOIDABLE) =>
    provider({ 'PUT /charges/key/void': voided, 'POST /refunds': refunded }).makeFinal('key', 'undo', ATTEMPT)
  const undone = { kind: 'ok', effect: { kind: 'undone', undone: EFFECT } }

  it.each([
    ['it is voided', [body('voided')], { kind: 'ok', effect: { kind: 'nothing' } }],
    ['it was undone before', [body('refunded')], undone],
    ['it is undone now', [NOT_VOIDABLE, body('refunded', 201)], undone],
  ] as const)('%s', async (_what, [voided, refunded], answer) => {
    expect(await undo(voided, refunded)).toEqual(answer)
  })

  it.each([
    ['a void is answered with an effect that stands', [body('charged')], 'PROVIDER_MISMATCH'],
    [
      'an undo is answered with an effect that stands',
      [NOT_VOIDABLE, body('charged', 201)],
      'PROVIDER_MISMATCH',
    ],
    ['a void is answered with nothing', [{ status: 204, body: undefined }], 'PROVIDER_UNEXPECTED'],
    [
      'an undo is answered with nothing',
      [NOT_VOIDABLE, { status: 204, body: undefined }],
      'PROVIDER_UNEXPECTED',
    ],
  ] as const)('and not when %s', async (_what, [voided, refunded], code) => {
    await expect(undo(voided, refunded)).rejects.toMatchObject({ code })
  })
})
