import path from 'node:path'
import { orderSaga } from '../../workflows/order/steps.ts'
import { outline } from '../../workflows/saga/definition.ts'
import type { OrderWishes, Return } from '../harness/api-client.ts'
import type { SystemOptions, System } from '../harness/system.ts'
import { until } from '../harness/poll.ts'

/** Histories are a public contract: one that exists is never recorded over; a new outcome takes a new name. */
export const HISTORIES = path.resolve(import.meta.dirname, 'histories')

/** One kind of outcome of a saga, and how it is brought about. */
export interface Outcome {
  name: string
  /** How the saga must end. */
  status: 'completed' | 'rejected' | 'cancelled'
  /** What it is: an order unless said otherwise. */
  kind?: 'transfer' | 'return'
  options?: SystemOptions
  /** Leads a saga to its end; answers its id. */
  act(system: System): Promise<string>
}

const QUICK = { input: { pace: 0.02 } }
const everyStep = outline(orderSaga).map(({ name }) => name)
const run = (wishes: Parameters<System['api']['run']>[0]) => async (system: System) =>
  (await system.api.run(wishes)).id
const transfer =
  ({ amountMinor, isClosed = false }: { amountMinor: number; isClosed?: boolean }) =>
  async ({ api }: System) => {
    await api.openAccount('source', 100)
    await api.openAccount('destination', 0)
    if (isClosed) await api.changeAccount('destination', 'close')
    return (await api.runTransfer('source', 'destination', amountMinor)).id
  }
/** Sends all of an order back once it waits for what is said of it. */
const sendBack =
  (wishes: OrderWishes, act: (system: System, asked: Return) => Promise<void>) => async (system: System) => {
    const order = await system.api.run({ lines: [{ sku: 'TEA-001', quantity: 4 }], ...wishes })
    await system.api.notified(order.id)
    const asked = await system.api.askToReturn(order.id, { reason: 'It leaks.' })
    await until('it to wait', async () =>
      (await system.api.return(asked.id)).steps[0]?.state === 'waiting' ? true : undefined,
    )
    await act(system, asked)
    return asked.id
  }
const decide = (api: System['api'], id: string, verb: 'approve' | 'refuse') =>
  api.post(`/operations/returns/${id}/${verb}`, { reason: 'Looked at.' })
const faults = (times: number) => ({ kind: 'faults', times }) as const

/** A history of each is recorded once, and replayed on every test run from then on. */
export const OUTCOMES: readonly Outcome[] = [
  { name: 'completed', status: 'completed', act: run({}) },
  {
    name: 'completed-on-queues',
    status: 'completed',
    options: { input: { queued: everyStep } },
    act: run({}),
  },
  { name: 'out-of-stock', status: 'rejected', act: run({ lines: [{ sku: 'NONE-001', quantity: 1 }] }) },
  { name: 'payment-declined', status: 'rejected', act: run({ paymentMethod: 'pm_declined' }) },
  { name: 'shipment-refused', status: 'rejected', act: run({ service: 'refused' }) },
  { name: 'payment-flaky', status: 'completed', options: QUICK, act: run({ paymentMethod: 'pm_flaky_3' }) },
  { name: 'payment-failed', status: 'rejected', options: QUICK, act: run({ paymentMethod: 'pm_flaky_6' }) },
  { name: 'payment-lost-reply', status: 'completed', act: run({ paymentMethod: 'pm_lost_reply_1' }) },
  { name: 'payment-timeout', status: 'completed', act: run({ paymentMethod: 'pm_hang' }) },
  { name: 'shipment-timeout', status: 'completed', act: run({ service: 'slow_1500' }) },
  {
    name: 'payment-rate-limited',
    status: 'completed',
    options: QUICK,
    act: run({ paymentMethod: 'pm_rate_limited_3' }),
  },
  {
    name: 'local-timeout-then-worker-restart',
    status: 'completed',
    // The first attempt times out locally; the worker is replaced while its order waits for the carrier.
    async act(system) {
      const { id } = await system.api.place({ paymentMethod: 'pm_hang', service: 'slow_3000' })
      await until('the charge', async () =>
        (await system.api.eventTypes(id)).includes('PaymentCharged') ? true : undefined,
      )
      await system.stopWorkers()
      await system.startWorkers()
      return (await system.api.ended(id)).id
    },
  },
  {
    name: 'deadline-exceeded',
    status: 'rejected',
    async act(system) {
      const { id } = await system.api.place({ paymentMethod: 'pm_rate_limited_9999', deadlineSeconds: 60 })
      return (await system.api.ended(id, 120_000)).id
    },
  },
  {
    name: 'cancelled-before-start',
    status: 'cancelled',
    async act(system) {
      await system.stopWorkers()
      const { id } = await system.api.place()
      await system.api.cancel(id)
      await system.startWorkers()
      return (await system.api.ended(id)).id
    },
  },
  {
    name: 'cancelled-while-waiting',
    status: 'cancelled',
    async act(system) {
      const { id } = await system.api.place({ paymentMethod: 'pm_rate_limited_9999' })
      await system.api.reached(id, 'waiting')
      await system.api.cancel(id)
      return (await system.api.ended(id)).id
    },
  },
  {
    name: 'cancelled-from-temporal',
    status: 'cancelled',
    async act(system) {
      const { id, workflow } = await system.api.place({ paymentMethod: 'pm_rate_limited_9999' })
      await system.api.reached(id, 'waiting')
      await system.client.workflow.getHandle(workflow.id).cancel()
      return (await system.api.ended(id)).id
    },
  },
  {
    name: 'compensation-parked',
    status: 'rejected',
    options: QUICK,
    async act(system) {
      const { id } = await system.api.place({ paymentMethod: 'pm_refund_fails_12', service: 'refused' })
      await system.api.reached(id, 'parked')
      return (await system.api.ended(id)).id
    },
  },
  {
    name: 'pivot-parked',
    status: 'completed',
    options: QUICK,
    async act(system) {
      system.interferences.plan('cus_pivot_parked', 'completeOrder', faults(9))
      return (await system.api.run({ customerId: 'cus_pivot_parked' })).id
    },
  },
  {
    name: 'notification-skipped',
    status: 'completed',
    options: QUICK,
    async act(system) {
      system.interferences.plan('cus_skipped', 'notifyCustomer', faults(9))
      const { id } = await system.api.run({ customerId: 'cus_skipped' })
      await until('the notification to be skipped', async () =>
        (await system.api.eventTypes(id)).includes('StepSkipped') ? true : undefined,
      )
      return id
    },
  },
  {
    name: 'return-refunded',
    kind: 'return',
    status: 'completed',
    act: sendBack({}, async ({ api, world }, { id }) => {
      await decide(api, id, 'approve')
      await world.receiveParcel(id)
      await api.returned(id, 'refunded')
    }),
  },
  {
    name: 'return-refused',
    kind: 'return',
    status: 'rejected',
    act: sendBack({}, async ({ api }, { id }) => {
      await decide(api, id, 'refuse')
    }),
  },
  {
    name: 'return-expired',
    kind: 'return',
    status: 'rejected',
    options: { returnExpiresAfterSeconds: 3 },
    act: sendBack({}, async ({ api }, { id }) => void (await api.returned(id, 'expired'))),
  },
  {
    name: 'return-seen-late',
    kind: 'return',
    status: 'completed',
    options: { returnExpiresAfterSeconds: 3 },
    act: sendBack({}, async (system, { id, deadlineAt }) => {
      await system.stopWorkers()
      await decide(system.api, id, 'approve')
      await system.db.$queryRaw`SELECT 1 FROM return_parcel_received(${id}::uuid)`
      await until('its time to be over', () => (Date.now() > Date.parse(deadlineAt) + 500 ? true : undefined))
      await system.startWorkers()
      await system.api.returned(id, 'refunded')
    }),
  },
  {
    name: 'return-refund-parked',
    kind: 'return',
    status: 'completed',
    options: QUICK,
    act: sendBack({ paymentMethod: 'pm_refund_fails_12' }, async ({ api, world }, { id }) => {
      await world.receiveParcel(id)
      await decide(api, id, 'approve')
      await until('the refund to be parked', async () =>
        (await api.parked('?kind=return')).length > 0 ? true : undefined,
      )
      await api.returned(id, 'refunded')
    }),
  },
  { name: 'transfer-completed', kind: 'transfer', status: 'completed', act: transfer({ amountMinor: 1 }) },
  { name: 'transfer-refused', kind: 'transfer', status: 'rejected', act: transfer({ amountMinor: 101 }) },
  {
    name: 'transfer-returned',
    kind: 'transfer',
    status: 'rejected',
    act: transfer({ amountMinor: 1, isClosed: true }),
  },
  {
    name: 'transfer-pivot-parked',
    kind: 'transfer',
    status: 'completed',
    options: QUICK,
    async act(system) {
      system.interferences.plan('source', 'depositMoney', faults(9))
      return transfer({ amountMinor: 1 })(system)
    },
  },
]
