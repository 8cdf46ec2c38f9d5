import { v7 as uuid } from 'uuid'
import { createAccounts } from '../../domain/account/accounts.ts'
import { createOrderJournal } from '../../domain/order/journal.ts'
import { createIntake } from '../../domain/order/intake.ts'
import { PARTICIPANTS } from '../../domain/participants.ts'
import { createProviderHttp } from '../../domain/provider/http.ts'
import { createReturnIntake } from '../../domain/return/intake.ts'
import { createReturnMessages } from '../../domain/return/messages.ts'
import type { StepAnswer } from '../../domain/saga/step-answer.ts'
import { bindSteps, type StepAttempt } from '../../domain/saga/step.ts'
import { createTransferIntake } from '../../domain/transfer/intake.ts'
import { createTransferJournal } from '../../domain/transfer/journal.ts'
import { createConsumer } from '../../events/inbox/consumer.ts'
import { createAggregates } from '../../events/store/aggregate.ts'
import { createEventStore } from '../../events/store/store.ts'
import { openPool } from '../../postgres.ts'
import type { Database } from '../../prisma/client.ts'
import { perProvider } from '../../providers.ts'
import { enterLive } from '../../read-models/projection.ts'
import { PROJECTIONS } from '../../read-models/registry.ts'
import { orderBody, type OrderWishes } from '../../test/harness/api-client.ts'
import { createDelivery } from '../../test/harness/delivery.ts'
import { attempt } from '../../test/harness/steps.ts'
import { startWorld } from '../../test/harness/world.ts'
import { ORDER_SAGA } from '../../workflows/order/contract.ts'
import { RETURN_SAGA } from '../../workflows/return/contract.ts'
import { TRANSFER_SAGA } from '../../workflows/transfer/contract.ts'
import type { SagaContract } from '../../workflows/saga/contract.ts'

/**
 * One saga of each shape, written by the statements of the product. Every row that it leaves behind, in whichever table,
 * is what the generator copies.
 */
export interface Shape {
  name: string
  /** In a thousand sagas. */
  weight: number
  /** The saga, and the return of an order that has one. */
  ids: [string, string]
}

/** The customer of every shape: copies have others. */
export const CUSTOMER = 'cus_0000_of_shape'

interface Writing {
  db: Database
  attempts: Readonly<Record<string, StepAttempt>>
}

type Write = (writing: Writing, ids: Shape['ids']) => Promise<void>

const SKUS = [
  'TEA-001',
  'TEA-002',
  'TEA-003',
  'TEA-004',
  'COF-001',
  'COF-002',
  'CUP-001',
  'POT-001',
  'ACC-001',
]
const COMPLETED = SKUS.flatMap((sku, n) => [
  { name: `completed, one line of ${sku}`, weight: 50, lines: [{ sku, quantity: 1 + (n % 3) }] },
  {
    name: `completed, two lines of ${sku}`,
    weight: 45,
    lines: [
      { sku, quantity: 1 },
      { sku: SKUS[(n + 4) % SKUS.length] ?? sku, quantity: 2 },
    ],
  },
])

/** The last ones have a fixed number, however many orders there are: `generate.ts`. */
const SHAPES: readonly { name: string; weight: number; write: Write }[] = [
  ...COMPLETED.map(({ name, weight, lines }) => ({ name, weight, write: completed({ lines }) })),
  { name: 'gift', weight: 20, write: completed({ giftWrap: true }) },
  {
    name: 'digital',
    weight: 15,
    write: completed({ isShipped: false, lines: [{ sku: 'EBK-001', quantity: 1 }] }),
  },
  { name: 'choreographed', weight: 15, write: completed({ coordination: 'choreography' }) },
  { name: 'declined', weight: 20, write: turnedBack({ paymentMethod: 'pm_declined' }) },
  { name: 'out of stock', weight: 10, write: turnedBack({ lines: [{ sku: 'NONE-001', quantity: 1 }] }) },
  { name: 'not shipped', weight: 10, write: turnedBack({ service: 'refused' }) },
  { name: 'cancelled', weight: 10, write: cancelled },
  { name: 'returned', weight: 25, write: returned },
  { name: 'transferred', weight: 15, write: transferred(500) },
  { name: 'not transferred', weight: 5, write: transferred(50_000) },
  { name: 'waiting', weight: 0, write: waiting },
  { name: 'parked', weight: 0, write: parked },
]

/** Writes all shapes into an empty database, with their read models, as if they had run to their end. */
export async function writeShapes(db: Database, url: string): Promise<Shape[]> {
  const world = await startWorld((_request, _response, next) => next())
  const pool = openPool(url, { max: 2, name: 'shapes' })
  try {
    const providers = perProvider((name) => createProviderHttp({ name, baseUrl: world.url }))
    const steps = bindSteps(PARTICIPANTS, { db, reach: () => undefined, providers })
    const attempts: Writing['attempts'] = Object.assign({}, ...Object.values(steps))
    const shapes: Shape[] = []
    for (const { name, weight, write } of SHAPES) {
      const ids: Shape['ids'] = [uuid(), uuid()]
      await write({ db, attempts }, ids)
      shapes.push({ name, weight, ids })
    }
    // Their workflows count as started.
    await db.sagaStart.deleteMany()
    await db.sagaWake.deleteMany()
    const consumers = PROJECTIONS.map((one) => createConsumer({ pool, enter: enterLive(one) }))
    await createDelivery(pool, consumers).everything()
    return shapes
  } finally {
    await pool.end()
    world.kill()
  }
}

async function place(db: Database, id: string, wishes: OrderWishes): Promise<string> {
  const intake = createIntake({ db, compose: ORDER_SAGA.compose, newId: () => id })
  const body = orderBody({ customerId: CUSTOMER, ...wishes })
  const { order } = await intake.place('developer', `key-of-${id}`, body)
  return order.definition
}

/** Goes through the steps of a definition until one is refused. @returns its name. */
async function goForward(
  { attempts }: Writing,
  contract: SagaContract,
  definition: string,
  id: string,
): Promise<{ step: string; code: string } | undefined> {
  for (const { name } of contract.steps.get(definition) ?? []) {
    const answer = await made(attempts, name, id)
    if (answer.kind === 'refused') return { step: name, code: answer.code }
    if (answer.kind !== 'done') throw new Error(`${name} is ${answer.kind}`)
  }
  return undefined
}

async function made(attempts: Writing['attempts'], activity: string, id: string): Promise<StepAnswer<never>> {
  const act = attempts[activity]
  if (act === undefined) throw new Error(`No step has an activity ${activity}`)
  return act(id, attempt(1))
}

/** Undoes what is owed, and closes. */
async function goBack(
  { attempts }: Writing,
  journal: ReturnType<typeof createOrderJournal>,
  contract: SagaContract,
  id: string,
  { step, code }: { step: string; code: string },
): Promise<void> {
  const begun = await journal.beginCompensation(id, { code, step })
  if (begun.verdict === 'completed') throw new Error(`${id} is completed`)
  const outline = [...contract.steps.values()].flat()
  for (const owed of begun.undo.toReversed()) {
    const undo = outline.find(({ name }) => name === owed)?.compensation ?? null
    if (undo !== null) await made(attempts, undo, id)
  }
  await journal.close(id)
}

function completed(wishes: OrderWishes): Write {
  return async (writing, [id]) => {
    const refused = await goForward(writing, ORDER_SAGA, await place(writing.db, id, wishes), id)
    if (refused !== undefined) throw new Error(`${refused.step} is refused: ${refused.code}`)
  }
}

function turnedBack(wishes: OrderWishes): Write {
  return async (writing, [id]) => {
    const refused = await goForward(writing, ORDER_SAGA, await place(writing.db, id, wishes), id)
    if (refused === undefined) throw new Error(`${JSON.stringify(wishes)} was to be refused`)
    await goBack(writing, createOrderJournal(writing), ORDER_SAGA, id, refused)
  }
}

async function cancelled(writing: Writing, [id]: Shape['ids']): Promise<void> {
  await place(writing.db, id, {})
  await made(writing.attempts, 'reserveInventory', id)
  await made(writing.attempts, 'chargePayment', id)
  const journal = createOrderJournal(writing)
  await journal.cancel(id, 'customer', 'I have changed my mind.')
  await goBack(writing, journal, ORDER_SAGA, id, { code: 'CANCELLED_BY_CUSTOMER', step: 'createShipment' })
}

/** All of it comes back: approved by rule, received, refunded. */
async function returned(writing: Writing, ids: Shape['ids']): Promise<void> {
  const { db } = writing
  const [orderId, returnId] = ids
  await completed({ lines: [{ sku: 'TEA-001', quantity: 1 }] })(writing, ids)
  const composition = RETURN_SAGA.compose(undefined)
  const intake = createReturnIntake({ db, composition, newId: () => returnId })
  await intake.request('developer', `key-of-${returnId}`, orderId, { reason: 'It does not taste.' })
  await createReturnMessages({ db }).parcelsReceived([returnId], null, 0)
  const refused = await goForward(writing, RETURN_SAGA, composition.definition, returnId)
  if (refused !== undefined) throw new Error(`The return is refused: ${refused.code}`)
}

/** Between two accounts of its own, one of which has 1000. */
function transferred(amountMinor: number): Write {
  return async (writing, [id]) => {
    const { db } = writing
    const store = createEventStore({ db })
    const accounts = createAccounts({ db, store, aggregates: createAggregates({ db, store }) })
    const [source, destination] = [`from-${id}`, `to-${id}`]
    const open = { kind: 'open', ownerId: CUSTOMER, currency: 'EUR' } as const
    await accounts.execute(source, undefined, [open, { kind: 'deposit', amountMinor: 1000, currency: 'EUR' }])
    await accounts.execute(destination, undefined, [open])
    const composition = TRANSFER_SAGA.compose(undefined)
    const request = {
      sourceAccountId: source,
      destinationAccountId: destination,
      amountMinor,
      currency: 'EUR',
    }
    await createTransferIntake({ db, composition, newId: () => id }).place(
      'developer',
      `key-of-${id}`,
      request,
    )
    const refused = await goForward(writing, TRANSFER_SAGA, composition.definition, id)
    if (refused !== undefined)
      await goBack(writing, createTransferJournal({ db }), TRANSFER_SAGA, id, refused)
  }
}

/** For a payment gateway that does not answer. */
async function waiting({ db, attempts }: Writing, [id]: Shape['ids']): Promise<void> {
  await place(db, id, {})
  await made(attempts, 'reserveInventory', id)
  await createOrderJournal({ db }).noteWaiting(id, 'chargePayment', 'BREAKER_OPEN')
}

/** Its undo could not be made. */
async function parked({ db, attempts }: Writing, [id]: Shape['ids']): Promise<void> {
  await place(db, id, {})
  await made(attempts, 'reserveInventory', id)
  await made(attempts, 'chargePayment', id)
  const journal = createOrderJournal({ db })
  await journal.beginCompensation(id, { code: 'STEP_FAILED', step: 'createShipment' })
  await journal.noteParked(id, 'chargePayment', 'PROVIDER_ERROR')
}
