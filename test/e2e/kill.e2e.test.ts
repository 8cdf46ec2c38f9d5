import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ORDER_SAGA } from '../../workflows/order/contract.ts'
import { orderSaga } from '../../workflows/order/steps.ts'
import type { SagaContract } from '../../workflows/saga/contract.ts'
import { TRANSFER_SAGA } from '../../workflows/transfer/contract.ts'
import { transferSaga } from '../../workflows/transfer/steps.ts'
import type { Order, OrderWishes } from '../harness/api-client.ts'
import { expectOrderCompleted } from '../harness/order-trials.ts'
import { startSystem, startWorker } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

/** A worker that dies is missed after this long, so that these tests need not wait for the default of 4 s. */
const WORKFLOW_TASK_TIMEOUT_MS = 2000

/** Whose queues a saga needs. */
const participantsOf = ({ steps, queue }: SagaContract) => [...new Set([queue, ...steps.map(({ at }) => at)])]

const PROVIDER_STEPS = new Set(['chargePayment', 'createShipment'])
const isFull = process.env['MATRIX'] === 'full'

/** Every point of every step; one step of each kind unless the whole matrix is asked for. */
const points = [...orderSaga.compensatable, orderSaga.pivot, ...orderSaga.retriable]
  .map(({ execute }) => execute)
  .filter((step) => isFull || ['reserveInventory', 'chargePayment', 'completeOrder'].includes(step))
  .flatMap((step) =>
    (PROVIDER_STEPS.has(step)
      ? ['before', 'before-call', 'before-record', 'after']
      : ['before', 'after']
    ).map((point) => ({
      at: `${step}:${point}`,
    })),
  )

const undoPoints = orderSaga.compensatable
  .filter(({ execute }) => execute !== 'awardPoints' && (isFull || execute === 'chargePayment'))
  .flatMap(({ execute, compensate }) =>
    (PROVIDER_STEPS.has(execute)
      ? ['before', 'before-call', 'before-record', 'after']
      : ['before', 'after']
    ).map((point) => ({
      at: `${compensate}:${point}`,
    })),
  )

/** What a provider does to an order while its worker is killed in the middle of it: only in the whole matrix. */
const tokens: OrderWishes[] = [
  ...['pm_flaky_2', 'pm_lost_reply_1', 'pm_slow_1200', 'pm_hang', 'pm_rate_limited_1'].map(
    (paymentMethod) => ({ paymentMethod }),
  ),
  ...['flaky_2', 'lost_reply_1', 'slow_1200', 'hang'].map((service) => ({ service })),
]
const hardships = (isFull ? ['before-call', 'before-record'] : []).flatMap((point) =>
  tokens.map((wishes) => ({
    at: `${wishes.service === undefined ? 'chargePayment' : 'createShipment'}:${point}`,
    token: wishes.service ?? wishes.paymentMethod,
    wishes,
  })),
)

/** At each step of a transfer, and at its undo when the destination is closed. */
const transferPoints = [
  ...[transferSaga.compensatable[0], transferSaga.pivot].map((step) => ({
    at: `${step?.execute}:after`,
    isClosed: false,
  })),
  { at: 'returnMoney:after', isClosed: true },
]

/** The customer wishes to cancel at the moment at which the shipment is recorded: everything then has to be undone. */
async function wishCancelOnShipment({ db }: System): Promise<void> {
  await db.$executeRawUnsafe(`
    CREATE FUNCTION wish_cancel() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE sagas SET cancel_wished_at = now() WHERE id = NEW.order_id AND reason_code IS NULL;
      RETURN NEW;
    END $$`)
  await db.$executeRawUnsafe(
    'CREATE TRIGGER wish_cancel AFTER INSERT ON shipments FOR EACH ROW EXECUTE FUNCTION wish_cancel()',
  )
}

/** Runs `test` on a system of its own, whose worker dies at `failpoint` while it carries an order. */
async function withKilledWorker(
  failpoint: string,
  wishes: OrderWishes,
  meanwhile: (system: System, order: Order) => Promise<void>,
  prepare: (system: System) => Promise<void> = async () => undefined,
): Promise<void> {
  const system = await startSystem({ workers: false, workflowTaskTimeoutMs: WORKFLOW_TASK_TIMEOUT_MS })
  try {
    await prepare(system)
    await outliving(system, ORDER_SAGA, failpoint, () => system.api.place(wishes), meanwhile)
  } finally {
    await system.close()
  }
}

/** Places something, lets its worker die at `failpoint`, and goes on with another worker. */
async function outliving<T>(
  system: System,
  saga: SagaContract,
  failpoint: string,
  place: () => Promise<T>,
  meanwhile: (system: System, placed: T) => Promise<void>,
): Promise<void> {
  const participants = participantsOf(saga)
  const doomed = startWorker(system, { participants, failpoints: [`${failpoint}=kill`] })
  try {
    const placed = await place()
    await doomed.died()
    const survivor = startWorker(system, { participants })
    try {
      await meanwhile(system, placed)
    } finally {
      await survivor.stop()
    }
  } finally {
    await doomed.stop()
  }
}

describe.concurrent('a worker that is killed with SIGKILL', () => {
  it.each(points)('at $at costs no effect and doubles none', async ({ at }) => {
    await withKilledWorker(at, {}, async (system, { id }) =>
      expectOrderCompleted(system, await system.api.ended(id)),
    )
  })

  it.each(hardships)(
    'at $at, while its provider plays $token, costs no effect and doubles none',
    async ({ at, wishes }) => {
      await withKilledWorker(at, wishes, async (system, { id }) =>
        expectOrderCompleted(system, await system.api.ended(id)),
      )
    },
  )

  it.each(undoPoints)('at $at costs no compensation and doubles none', async ({ at }) => {
    const isShipped = at.startsWith('cancelShipment')
    const prepare = isShipped ? wishCancelOnShipment : undefined
    const wishes = isShipped ? {} : { service: 'refused' }
    const undoing = async (system: System, { id }: Order) => {
      expect(await system.api.ended(id)).toMatchObject({ status: isShipped ? 'cancelled' : 'rejected' })
      const { charges, refunds, shipments } = await system.api.ledger(id)
      expect([charges.map(({ state }) => state), refunds.length]).toEqual([['refunded'], 1])
      expect(shipments.map(({ state }) => state)).toEqual(isShipped ? ['cancelled'] : [])
      // A carrier whose refusal comes too late, on a busy machine, is asked to void what it never made.
      const types = (await system.api.eventTypes(id)).filter((type) => type !== 'ShipmentVoided')
      expect(types.slice(types.indexOf('CompensationBegun'))).toEqual([
        'CompensationBegun',
        ...(isShipped ? ['ShipmentCancelled'] : []),
        'PaymentRefunded',
        'InventoryReleased',
        isShipped ? 'OrderCancelled' : 'OrderRejected',
      ])
    }
    await withKilledWorker(at, wishes, undoing, prepare)
  })
})

describe('a worker that is killed with SIGKILL at a transfer', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({ workers: false, workflowTaskTimeoutMs: WORKFLOW_TASK_TIMEOUT_MS })
  })
  afterAll(() => system.close())

  it.each(transferPoints)('at $at neither makes money nor loses it', async ({ at, isClosed }) => {
    const [source, destination] = [`from_${at.slice(0, 6)}`, `to_${at.slice(0, 6)}`]
    await system.api.openAccount(source, 1000)
    await system.api.openAccount(destination, 0)
    if (isClosed) await system.api.changeAccount(destination, 'close')
    const place = () => system.api.transfer(source, destination, 300)
    await outliving(system, TRANSFER_SAGA, at, place, async ({ api }, { id }) => {
      expect(await api.transferEnded(id)).toMatchObject({ status: isClosed ? 'rejected' : 'completed' })
      expect([
        (await api.account(source)).balanceMinor,
        (await api.account(destination)).balanceMinor,
      ]).toEqual(isClosed ? [1000, 0] : [700, 300])
      expect((await api.invariants()).checks.find(({ name }) => name === 'transfers')).toMatchObject({
        ok: true,
      })
    })
  })
})

describe.concurrent('a worker that is killed after the pivot’s commit and before its workflow task ends', () => {
  it.each([
    {
      what: 'a cancel over HTTP is refused',
      act: async (system: System, { id }: Order) => {
        const answer = await system.api.cancel(id)
        expect(answer.status).toBe(409)
        expect(await answer.json()).toMatchObject({ code: 'ORDER_NOT_CANCELLABLE' })
      },
    },
    {
      what: 'a cancel of the workflow comes too late',
      act: (system: System, { workflow }: Order) => system.client.workflow.getHandle(workflow.id).cancel(),
    },
    {
      what: 'a signal changes nothing',
      act: (system: System, { workflow }: Order) =>
        system.client.workflow.getHandle(workflow.id).signal('anything'),
    },
  ])('$what: the order stays completed, and nothing is refunded', async ({ act }) => {
    await withKilledWorker('completeOrder:after', {}, async (system, order) => {
      await act(system, order)
      await system.client.workflow.getHandle(order.workflow.id).result()
      await expectOrderCompleted(system, await system.api.ended(order.id))
    })
  })
})

describe.concurrent('a worker that is frozen until its order is compensated, and then wakes up', () => {
  it.each([
    { at: 'chargePayment:before' },
    { at: 'chargePayment:before-call' },
    { at: 'chargePayment:before-record' },
  ])('at $at leaves no live charge', async ({ at }) => {
    const system = await startSystem({ workers: false, workflowTaskTimeoutMs: WORKFLOW_TASK_TIMEOUT_MS })
    const participants = participantsOf(ORDER_SAGA)
    const zombie = startWorker(system, { participants, failpoints: [`${at}=stop`] })
    try {
      const { id } = await system.api.place()
      await zombie.frozen()
      expect((await system.api.cancel(id)).status).toBe(202)
      const survivor = startWorker(system, { participants })
      try {
        expect(await system.api.ended(id)).toMatchObject({ status: 'cancelled' })
      } finally {
        await survivor.stop()
      }
      zombie.thaw()
      // Draining waits for the attempt that it had in hand.
      await zombie.stop()
      const { charges, refunds } = await system.api.ledger(id)
      const isCharged = at === 'chargePayment:before-record'
      expect(charges.map(({ state }) => state)).toEqual(isCharged ? ['refunded'] : [])
      expect(refunds).toHaveLength(isCharged ? 1 : 0)
      expect(await system.api.order(id)).toMatchObject({ status: 'cancelled' })
      expect(await system.db.charge.count({ where: { orderId: id, state: 'live' } })).toBe(0)
    } finally {
      await zombie.stop()
      await system.close()
    }
  })
})
