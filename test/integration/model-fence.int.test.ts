import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createParking } from '../../domain/operations/parking.ts'
import { createOrderJournal } from '../../domain/order/journal.ts'
import { chargePayment } from '../../domain/payment/charge-payment.ts'
import type { TestDatabase } from '../harness/database.ts'
import { createModelJudge, UNTOUCHED, type Judged } from '../harness/model-fence.ts'
import { placeOrderRow, sagaRow } from '../harness/order-rows.ts'
import { createTestDatabase } from '../harness/start.ts'

let test: TestDatabase
beforeAll(async () => {
  test = await createTestDatabase()
})
afterAll(() => test.close())

const CALLS = [
  'intend',
  'concludes done',
  'concludes refused',
  'concludes unwanted',
  'refuse',
  'turn back',
  'begin undo',
  'settle undo',
  'skip',
] as const
type Call = (typeof CALLS)[number]

const DECLINED = { code: 'PAYMENT_DECLINED', detail: 'no' }
const MADE = { id: 'ch_1', amountMinor: 1590, currency: 'EUR' }
const UNWANTED = { code: 'PROVIDER_MISMATCH', detail: 'less', effect: { ...MADE, amountMinor: 1 } }
const ELSEWHERE = { code: 'STEP_FAILED', detail: 'elsewhere' }

function askModel(rows: Judged, call: Call): unknown {
  const judge = createModelJudge(rows)
  switch (call) {
    case 'intend':
      return judge.intend()
    // Only who has entered has something to conclude.
    case 'concludes done':
      return rows.state === undefined ? undefined : judge.conclude({ state: 'done', effect: MADE })
    case 'concludes refused':
      return rows.state === undefined ? undefined : judge.conclude({ state: 'refused', answer: DECLINED })
    case 'concludes unwanted':
      return rows.state === undefined ? undefined : judge.conclude({ state: 'unwanted', answer: UNWANTED })
    case 'refuse':
      return rows.state === undefined ? undefined : judge.refuse(ELSEWHERE)
    case 'turn back':
      return judge.turnBack('STEP_FAILED')
    case 'begin undo':
      return rows.reason === undefined ? undefined : judge.beginUndo()
    case 'settle undo':
      return judge.settleUndo()
    case 'skip':
      return judge.skip()
  }
}

async function askDatabase(id: string, rows: Judged, call: Call): Promise<unknown> {
  const fence = chargePayment.fenceOn(test.db)
  const journal = createOrderJournal(test)
  const key = `order:${id}:chargePayment`
  switch (call) {
    case 'intend': {
      const { verdict, answer } = await fence.intend(id, 1)
      // What a done step has answered is nobody's business any more.
      return { verdict, answer: verdict === 'done' ? undefined : (answer ?? undefined) }
    }
    case 'concludes done': {
      if (rows.state === undefined) return undefined
      return fence.conclude(id, key, 1, {
        state: 'done',
        effect: MADE,
        event: 'PaymentCharged',
        data: { key },
      })
    }
    case 'concludes refused':
      return rows.state === undefined
        ? undefined
        : fence.conclude(id, key, 1, { state: 'refused', ...DECLINED })
    case 'concludes unwanted':
      return rows.state === undefined
        ? undefined
        : fence.conclude(id, key, 1, { state: 'unwanted', ...UNWANTED })
    case 'refuse':
      return rows.state === undefined ? undefined : fence.refuse(id, 1, ELSEWHERE)
    case 'turn back': {
      const begun = await journal.beginCompensation(id, { code: 'STEP_FAILED', step: 'chargePayment' })
      return 'undo' in begun ? begun.undo.map(() => 'step') : []
    }
    case 'begin undo': {
      if (rows.reason === undefined) return undefined
      const { verdict, recorded } = await fence.beginUndo(id, 1)
      return { verdict, recorded }
    }
    case 'settle undo':
      return fence.settleUndo(id, key, { effect: MADE, event: 'PaymentRefunded', data: { key } })
    case 'skip': {
      if (rows.reason !== undefined) await journal.noteParked(id, 'chargePayment', 'FAULT')
      await test.db.stepFence.updateMany({ where: { sagaId: id }, data: { undoEntries: [] } })
      return createParking(test).skip(id, 'chargePayment', { actor: 'op', reason: 'model' })
    }
  }
}

/** The same of the rows as the model has. */
async function rowsOf(id: string): Promise<Judged> {
  const { reasonCode, fences } = await sagaRow(test.db, id)
  const fence = fences.find(({ step }) => step === 'chargePayment')
  return {
    reason: reasonCode ?? undefined,
    state: fence?.state as Judged['state'],
    answer: (fence?.state === 'refused' ? fence.answer : undefined) as Judged['answer'],
    entries: fence?.entries ?? 0,
    refusal: (fence?.refusal ?? undefined) as Judged['refusal'],
    effect: (fence?.state === 'refused' ? undefined : (fence?.answer ?? undefined)) as Judged['effect'],
  }
}

describe('the model of the judge that all interleavings are tried on', () => {
  it('answers as the functions in the database do, and leaves the rows as they do', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...CALLS), { minLength: 3, maxLength: 12 }),
        async (calls) => {
          const id = await placeOrderRow(test.db)
          const rows: Judged = { ...UNTOUCHED }
          for (const call of ['intend', ...calls] as const) {
            const answer = await askDatabase(id, rows, call)
            expect([call, askModel(rows, call)]).toEqual([call, answer])
            const { answer: said, ...others } = await rowsOf(id)
            const { answer: modelled, ...all } = rows
            expect(others).toEqual(all)
            if (rows.state === 'refused') expect(said).toEqual(modelled)
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})
