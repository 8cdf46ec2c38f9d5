import type { Order } from '../../api.ts'
import type { Ledger, Stage } from './stage.ts'

/** An order as it ended, and what the ledgers of the providers have of it. */
export interface Ending {
  order: Order
  ledger: Ledger
}

/** What a scene has shown, in words that can be checked: against its orders, those that are drawn. */
export interface Proof {
  text: string
  holds: (order: Order, ledger: Ledger, second: Ending | undefined) => boolean
}

export interface Scene {
  title: string
  /** On the button that plays it. */
  action: string
  /** What is about to happen, in one or two sentences. */
  about: string
  /** What would go wrong in a system without it, in two sentences. */
  without: string
  /** The rule behind it, and the page of the documentation that holds it. */
  rule: { text: string; page: string }
  /** The code that keeps it: a file of `sources.ts`, and what is declared in it. */
  code: { file: string; name: string }
  /** How many of its orders are drawn; the first, unless said otherwise. */
  drawn?: 2
  play: (stage: Stage) => Promise<void>
  proofs: readonly Proof[]
}

const step = (order: Order, name: string) => order.steps.find((each) => each.name === name)
const hasStatus = (status: Order['status']) => (order: Order) => order.status === status
const undoneInReverse: Proof = {
  text: 'What was done is undone: no charge stands, nothing is shipped',
  holds: ({ status }, { charges, shipments }) =>
    status === 'rejected' &&
    charges.every(({ state }) => state !== 'charged') &&
    shipments.every(({ state }) => state !== 'created'),
}
const chargedOnce: Proof = {
  text: 'Completed, and charged exactly once',
  holds: ({ status, totalMinor }, { charges, refunds }) =>
    status === 'completed' &&
    charges.length === 1 &&
    charges[0]?.state === 'charged' &&
    charges[0].amountMinor === totalMinor &&
    refunds.length === 0,
}
const shippedOnce: Proof = {
  text: 'Shipped exactly once',
  holds: (_order, { shipments }) => shipments.length === 1 && shipments[0]?.state === 'created',
}

export const SCENES: readonly Scene[] = [
  {
    title: 'A healthy order',
    action: 'Place an order',
    about:
      'Six steps, in order. Each has its effect somewhere else: in our database, at a payment gateway, at a carrier. No single database transaction can span them.',
    without:
      'A program that calls one service after another forgets where it was when it stops in the middle. What was charged and not shipped is then found by the customer.',
    rule: {
      text: 'A saga is a list of steps, each with what undoes it. The list is data; everything that you see here is drawn from it.',
      page: 'docs/saga.md',
    },
    code: {
      file: 'workflows/order/steps.ts',
      name: 'export const composeOrder',
    },
    async play({ place, ended, say }) {
      const id = await place()
      say(
        'Accepted with 202 before anything was done: the order is a row in the database, and cannot be lost.',
      )
      await ended(id)
      say('Completed. It is past the point of no return: nothing undoes it any more.')
    },
    proofs: [chargedOnce, shippedOnce],
  },
  {
    title: 'A declined card',
    action: 'Pay with a card that is declined',
    about:
      'The stock is reserved, then the gateway says no. A refusal is an answer: it is never tried again.',
    without:
      'A system that retries every failure asks a declined card again and again. One that simply stops leaves the stock reserved for ever.',
    rule: {
      text: 'A refusal of this order is final and turns it back at once. Everything else, such as a timeout or a 500, is a fault and is tried again.',
      page: 'docs/rules/turning-back.md',
    },
    code: {
      file: 'workflows/saga/run-saga.ts',
      name: 'async function turnBack',
    },
    async play({ place, ended, say }) {
      const id = await place({ paymentMethod: 'pm_declined' })
      say('The stock is reserved. The gateway is asked to charge, and declines.')
      await ended(id)
      say('Rejected, with the reason. The stock is free again.')
    },
    proofs: [
      {
        text: 'Rejected with the gateway’s reason',
        holds: ({ status, reason }) => status === 'rejected' && reason?.code === 'PAYMENT_DECLINED',
      },
      {
        text: 'Nothing is left behind: no charge, no shipment, no reserved stock',
        holds: (order, { charges, shipments }) =>
          charges.length === 0 &&
          shipments.length === 0 &&
          step(order, 'reserveInventory')?.compensation === 'done',
      },
    ],
  },
  {
    title: 'The carrier refuses',
    action: 'Ask for a delivery that is refused',
    about:
      'Stock is reserved and the card is charged when the carrier says no. Now two effects must be taken back, the last one first.',
    without:
      'The customer has paid for a parcel that never leaves. They write an email, and a clerk looks for the charge by hand.',
    rule: {
      text: 'Once an order turns back, its reason is stored first; then everything that was begun is undone in exact reverse order, each undo to its end.',
      page: 'docs/rules/turning-back.md',
    },
    code: {
      file: 'domain/payment/charge-payment.ts',
      name: 'export const chargePayment',
    },
    async play({ place, ended, say }) {
      const id = await place({ service: 'refused' })
      say('Reserved, and charged. The carrier refuses the parcel.')
      await ended(id)
      say('Refunded first, then the stock released: the reverse of how it was done.')
    },
    proofs: [
      undoneInReverse,
      {
        text: 'Refunded exactly once, in full',
        holds: ({ totalMinor }, { refunds }) =>
          refunds.length === 1 && refunds[0]?.amountMinor === totalMinor,
      },
    ],
  },
  {
    title: 'A reply is lost',
    action: 'Lose the gateway’s reply',
    about:
      'The gateway charges the card, and the connection drops before it can say so. Was it charged? We do not know.',
    without: 'A system that tries again charges twice. One that gives up has taken money for nothing.',
    rule: {
      text: 'A key is derived from order and step before the call. After a lost reply the gateway is first asked by that key what became of it.',
      page: 'docs/rules/records-and-intents.md',
    },
    code: {
      file: 'domain/saga/provider-step.ts',
      name: 'async function executeStep',
    },
    async play({ place, ended, ledger, say }) {
      const id = await place({ paymentMethod: 'pm_lost_reply_1' })
      await ledger(id, ({ charges }) => charges.length > 0)
      say('The gateway’s ledger has the charge. Its reply never arrived here.')
      await ended(id)
      say('The next attempt asked by key, found the charge, and went on.')
    },
    proofs: [chargedOnce, shippedOnce],
  },
  {
    title: 'The gateway goes down',
    action: 'Take the gateway down under five orders',
    about: 'Every call to the gateway is answered with 503. Five orders are placed all the same.',
    without:
      'Five customers read that their order failed, because a server elsewhere was restarted. Or five requests hang, and the shop with them.',
    rule: {
      text: 'Waiting is not failing. After a few failed calls a breaker opens: orders then wait on durable timers, spend no attempts, and go on when the gateway is back.',
      page: 'docs/rules/time-and-deadlines.md',
    },
    code: {
      file: 'domain/provider/guard.ts',
      name: 'export function guardProvider',
    },
    async play({ place, order, ended, say, setFaults, clearFaults, press }) {
      await setFaults({ payment: 'down' })
      say('The gateway is down. Five orders are placed, and accepted.')
      const ids = [await place(), await place(), await place(), await place(), await place()]
      await Promise.all(ids.map((id) => order(id, hasStatus('waiting'))))
      say('All five wait, and none has failed. While the breaker is open, waiting spends no attempt.')
      await press('Bring the gateway back')
      await clearFaults()
      say('The gateway is back. The breaker lets one call through, then the rest.')
      await Promise.all(ids.map(ended))
      say('All five are completed.')
    },
    proofs: [chargedOnce, shippedOnce],
  },
  {
    title: 'A refund that fails for ever',
    action: 'Break the refund',
    about:
      'The carrier refuses, and the charge must be refunded. But the gateway’s refund fails, and fails, and fails.',
    without: 'The refund fails in a log that no one reads. The customer’s money is gone until they complain.',
    rule: {
      text: 'A compensation has no deadline and is never forgotten. What no retry can settle is parked: the Failures page lists it, and a person retries it or gives it up.',
      page: 'docs/rules/turning-back.md',
    },
    code: {
      file: 'workflows/saga/policies.ts',
      name: 'untilDone',
    },
    async play({ place, order, ended, retry, say, press }) {
      const id = await place({ paymentMethod: 'pm_refund_fails_9', service: 'refused' })
      say(
        'The carrier has refused. The refund fails, and is tried again with growing pauses. This takes about half a minute.',
      )
      await order(id, hasStatus('parked'))
      say('Nine attempts are spent: it is parked, and waits for a person. That is you.')
      await press('The gateway is mended: retry the refund')
      await retry(id, 'The gateway has mended its refunds.')
      say('The same order, the same workflow, the same key: the refund is tried once more.')
      await ended(id)
      say('Refunded, and the stock released. Nothing of the order is left open.')
    },
    proofs: [
      undoneInReverse,
      {
        text: 'Refunded exactly once, after ten attempts',
        holds: (_order, { refunds }) => refunds.length === 1,
      },
    ],
  },
  {
    title: 'A worker is killed',
    action: 'Kill the workers in the middle of a charge',
    about:
      'The gateway has charged and is slow to answer. At this moment every worker is killed with SIGKILL: no goodbye, no cleanup.',
    without:
      'The one process that knew of the charge is gone. The order hangs for ever, or is started again and charged twice.',
    rule: {
      text: 'The database row decides, not the memory of a process. The intent was recorded before the call, so that the next worker knows what to ask for.',
      page: 'docs/rules/records-and-intents.md',
    },
    code: {
      file: 'domain/saga/provider-step.ts',
      name: 'async function executeStep',
    },
    async play({ place, ended, ledger, say, setFaults, clearFaults, kill }) {
      await setFaults({ payment: 'slow' })
      const id = await place()
      await ledger(id, ({ charges }) => charges.length > 0)
      const killed = await kill('worker')
      say(`The gateway has charged and not yet answered. Killed: ${killed.join(' and ')}.`)
      await clearFaults()
      say('The workers are started again. Temporal notices within seconds that the old ones are gone.')
      await ended(id)
      say('A new worker went on where the old one stopped: it asked by key, and found the charge.')
    },
    proofs: [chargedOnce, shippedOnce],
  },
  {
    title: 'The same order, twice',
    action: 'Place it with a workflow, and without',
    about:
      'Until now a workflow led each order. The second one here has none: each participant sees what another has done, and does its own step. The carrier refuses both.',
    without:
      'Many systems choose one way, and learn years later what the other would have cost. Here both run the same steps, so you can compare them.',
    rule: {
      text: 'Who decides what comes next is one question, and what keeps a step from happening twice is another. Rows, keys and retries are the same in both.',
      page: 'docs/coordination.md',
    },
    code: {
      file: 'choreography/follow.ts',
      name: 'export function follows',
    },
    drawn: 2,
    async play({ place, ended, say }) {
      const first = await place({ service: 'refused' })
      const second = await place({ service: 'refused', coordination: 'choreography' })
      say(
        'Two orders are placed. Above, a workflow decides; below, each step waits for the event of another.',
      )
      await ended(first)
      await ended(second)
      say(
        'Both have turned back, and undone the same steps in the same order. Only the first has a history in Temporal.',
      )
    },
    proofs: [
      undoneInReverse,
      {
        text: 'Both end alike: the same reason, the same steps, the same ledgers',
        holds: (order, ledger, second) =>
          second !== undefined &&
          second.order.coordination !== order.coordination &&
          isSame(endingOf({ order, ledger }), endingOf(second)),
      },
    ],
  },
]

/** What is the same of two orders that end alike. */
const endingOf = ({ order: { status, reason, steps }, ledger }: Ending) => ({
  status,
  reason,
  steps: steps.map(({ name, state, compensation }) => [name, state, compensation]),
  books: [ledger.charges, ledger.shipments].map((rows) => rows.map(({ state }) => state)),
})

const isSame = (one: object, other: object) => JSON.stringify(one) === JSON.stringify(other)
