import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { Option, type Command } from 'commander'
import { given, idempotent, type Query, type Schemas } from '../client.ts'
import { example, integer, money, open, paged, readLine, time, type Line } from '../command.ts'
import { UsageError } from '../failures.ts'
import type { Output } from '../output.ts'
import { describeReason } from './timeline.ts'
import { watchOrder } from './watch.ts'

type Order = Schemas['Order']
type OrderRequest = Schemas['OrderRequest']

export const ORDER_STATUSES = [
  'pending',
  'processing',
  'waiting',
  'compensating',
  'parked',
  'completed',
  'rejected',
  'cancelled',
] as const satisfies readonly Order['status'][]

export function addOrderCommands(program: Command): void {
  addPlace(program)
  addGet(program)
  addList(program)
  program
    .command('watch')
    .description('follow an order until it ends, event by event')
    .argument('<id>', 'of the order')
    .addHelpText('after', example('watch 0199c5a1-…', 'watch 0199c5a1-… --json | jq .event'))
    .action(async (id: string, _options: unknown, command: Command) => {
      const { client, out } = open(command)
      await watchOrder(client, out, id)
    })
  program
    .command('cancel')
    .description('cancel an order: what it did is undone')
    .argument('<id>', 'of the order')
    .option('--reason <text>', 'why, for the record')
    .addHelpText('after', example('cancel 0199c5a1-… --reason "ordered twice"'))
    .action(async (id: string, body: { reason?: string }, command: Command) => {
      const { client, out } = open(command)
      const order = given(await client.POST('/orders/{id}/cancel', { params: { path: { id } }, body }))
      out.answer(order, () => showOrder(out, order))
    })
}

interface PlaceOptions {
  file?: string
  customer?: string
  payment?: string
  service: string
  shipTo?: string
  currency: string
  coordination?: NonNullable<OrderRequest['coordination']>
  giftWrap?: boolean
  expectTotal?: number
  deadline?: number
  idempotencyKey?: string
  watch?: boolean
}

function addPlace(program: Command): void {
  program
    .command('place')
    .description('place an order')
    .argument('[lines...]', 'a SKU and how many of it, e.g. TEA-001:2')
    .option('--file <file>', 'the whole order as JSON instead; - is standard input')
    .option('--customer <id>', 'whose order it is; a customer’s key knows')
    .option('--payment <token>', 'payment method, e.g. pm_ok')
    .option('--ship-to <address>', 'name; street; city; postal code; country. Not for digital products')
    .option('--service <name>', 'how it is shipped', 'standard')
    .option('--currency <code>', 'of the prices', 'EUR')
    .addOption(
      new Option('--coordination <kind>', 'how it is run').choices(['orchestration', 'choreography']),
    )
    .option('--gift-wrap', 'wrap it')
    .option('--expect-total <minor>', 'refuse the order if it costs another amount', integer)
    .option('--deadline <seconds>', '60 to 86400: the order is undone if it takes longer', integer)
    .option('--idempotency-key <key>', 'sent again with the same key, it is one order; a new key by default')
    .option('--watch', 'follow it until it ends')
    .addHelpText(
      'after',
      example(
        `place TEA-001:2 --customer cus_alice --payment pm_ok \\
      --ship-to "A. Doe; 1 High St; Utrecht; 3511; NL" --watch`,
        'place --file order.json',
      ),
    )
    .action(async (words: string[], options: PlaceOptions, command: Command) => {
      const { client, out } = open(command)
      const body =
        options.file === undefined ? composeOrder(words, options) : await readOrder(words, options.file)
      const header = idempotent(options.idempotencyKey)
      const order = given(await client.POST('/orders', { params: { header }, body }))
      if (options.watch === true) return watchOrder(client, out, order.id)
      out.answer(order, () => showOrder(out, order))
    })
}

/** @throws UsageError for lines beside a file, and for a file that holds no JSON. */
async function readOrder(words: readonly string[], file: string): Promise<OrderRequest> {
  if (words.length > 0) throw new UsageError('Give lines or --file, not both.')
  const content = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8')
  try {
    // The API checks what it is.
    return JSON.parse(content) as OrderRequest
  } catch {
    throw new UsageError(`${file === '-' ? 'Standard input' : file} holds no JSON.`)
  }
}

/** @throws UsageError for what an order cannot do without. */
function composeOrder(words: readonly string[], options: PlaceOptions): OrderRequest {
  const { customer, payment, service, shipTo, currency, coordination, giftWrap, expectTotal, deadline } =
    options
  if (words.length === 0) throw new UsageError('Say what to order, e.g. TEA-001:2, or give --file.')
  if (payment === undefined) throw new UsageError('Say how it is paid, e.g. --payment pm_ok.')
  const lines = words.reduce<Line[]>((before, word) => readLine(word, before), [])
  return {
    currency,
    lines,
    paymentMethod: payment,
    ...(customer === undefined ? {} : { customerId: customer }),
    ...(shipTo === undefined ? {} : { shipping: { service, address: readAddress(shipTo) } }),
    ...(coordination === undefined ? {} : { coordination }),
    ...(giftWrap === undefined ? {} : { giftWrap }),
    ...(expectTotal === undefined ? {} : { expectedTotalMinor: expectTotal }),
    ...(deadline === undefined ? {} : { deadlineSeconds: deadline }),
  }
}

type Address = NonNullable<OrderRequest['shipping']>['address']

/** @throws UsageError unless the five parts are there. */
function readAddress(shipTo: string): Address {
  const [name, line1, city, postalCode, country, ...more] = shipTo.split(';').map((part) => part.trim())
  if (name === undefined || line1 === undefined || city === undefined || postalCode === undefined)
    throw new UsageError(ADDRESS_FORM)
  if (country === undefined || more.length > 0) throw new UsageError(ADDRESS_FORM)
  return { name, line1, city, postalCode, country: country as Address['country'] }
}

const ADDRESS_FORM = '--ship-to has five parts: "A. Doe; 1 High St; Utrecht; 3511; NL".'

function addGet(program: Command): void {
  program
    .command('get')
    .description('show an order, as it is or as it was')
    .argument('<id>', 'of the order')
    .option('--as-of-version <n>', 'as it was at this version', integer)
    .option('--as-of <time>', 'as it was then, e.g. 2026-11-27T11:15:00Z')
    .addHelpText('after', example('get 0199c5a1-…', 'get 0199c5a1-… --as-of-version 3 --json'))
    .action(async (id: string, query: Query<'/orders/{id}'>, command: Command) => {
      const { client, out } = open(command)
      const order = given(await client.GET('/orders/{id}', { params: { path: { id }, query } }))
      out.answer(order, () => showOrder(out, order))
    })
}

function addList(program: Command): void {
  const list = program
    .command('list')
    .description('list orders, newest first')
    .addOption(new Option('--status <status>', 'only these').choices(ORDER_STATUSES))
    .option('--customer <id>', 'only of this customer')
    .option('--reason-code <code>', 'why they did not complete, e.g. PAYMENT_DECLINED')
    .option('--step <name>', 'where they are or ended, e.g. chargePayment')
    .option('--created-from <time>', 'e.g. 2026-11-27T00:00:00Z')
    .option('--created-to <time>', 'before this time')
    .option('--min-total-minor <minor>', 'at least this total', integer)
    .option('--max-total-minor <minor>', 'at most this total', integer)
  paged(list)
    .addHelpText('after', example('list --status parked', 'list --customer cus_alice --limit 5 --json'))
    .action(async (options: ListOptions, command: Command) => {
      const { customer, ...filter } = options
      const { client, out } = open(command)
      const query = { ...filter, ...(customer === undefined ? {} : { customerId: customer }) }
      const orders = given(await client.GET('/orders', { params: { query } }))
      out.page(orders, ['id', 'status', 'customer', 'total', 'created', 'reason'], (order) => [
        order.id,
        order.status,
        order.customerId,
        money(order.totalMinor, order.currency),
        time(order.createdAt),
        order.reason?.code,
      ])
    })
}

type ListOptions = Omit<Query<'/orders'>, 'customerId'> & { customer?: string }

function showOrder(out: Output, order: Order): void {
  out.fields({
    id: order.id,
    status: order.status,
    reason: describeReason(order),
    customer: order.customerId,
    total: money(order.totalMinor, order.currency),
    lines: order.lines.map(({ sku, quantity }) => `${quantity} × ${sku}`).join(', '),
    definition: order.definition,
    version: order.version,
    created: order.createdAt,
    updated: order.updatedAt,
    deadline: order.deadlineAt,
    workflow: order.workflow?.url,
    trace: order.traceUrl ?? order.traceId,
  })
  out.print('')
  showSteps(out, order.steps)
}

export const showSteps = (out: Output, steps: readonly Schemas['Step'][]): void =>
  out.table(
    ['step', 'state', 'attempts', 'undo', 'detail'],
    steps.map(({ name, state, attempts, compensation, detail }) => [
      name,
      state,
      attempts,
      compensation,
      detail,
    ]),
  )
