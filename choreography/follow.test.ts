import { describe, expect, it } from 'vitest'
import { asOrderEvent, DONE_BY } from '../domain/order/events.ts'
import { ORDER_CONTENTS, composeOrder, orderSaga } from '../workflows/order/steps.ts'
import { outline } from '../workflows/saga/definition.ts'
import { follows } from './follow.ts'

const steps = outline(orderSaga)
const after = (type: string, data: object = {}) => follows(steps, asOrderEvent({ type, data }))

describe('what follows an event', () => {
  it('leads through every step of a definition, each at its own participant, and ends', () => {
    for (const content of ORDER_CONTENTS) {
      const own = outline(composeOrder(content))
      const walked: string[] = []
      let event: string | undefined = 'OrderPlaced'
      while (event !== undefined) {
        const following = follows(own, asOrderEvent({ type: event, data: {} }))
        if (following === undefined) break
        expect(following.kind).toBe('step')
        const { activity, at } = following as Extract<typeof following, { kind: 'step' }>
        expect(own.find(({ name }) => name === activity)?.at).toBe(at)
        walked.push(activity)
        event = [...DONE_BY].find(([, step]) => step === activity)?.[0]
      }
      expect(walked).toEqual(own.map(({ name }) => name))
    }
  })

  it.each(['CompensationBegun', 'CompensationSkipped', 'StepParked', 'PaymentRefunded', 'PaymentVoided'])(
    'is the next undo, after %s',
    (type) => expect(after(type, { undo: [] })).toEqual({ kind: 'undo' }),
  )

  it.each(['ProcessingBegun', 'WaitingBegun', 'CancelRequested', 'CompensationDelayed', 'OrderRejected'])(
    'is nothing, after %s',
    (type) => expect(after(type)).toBeUndefined(),
  )

  it('is the next step where one after the pivot was left out, and nothing after the last', () => {
    expect(after('StepSkipped', { step: 'completeOrder' })).toMatchObject({ activity: 'notifyCustomer' })
    expect(after('StepSkipped', { step: 'notifyCustomer' })).toBeUndefined()
  })

  it('is nothing for a step that the definition does not have', () => {
    expect(after('GiftWrapped')).toBeUndefined()
  })
})
