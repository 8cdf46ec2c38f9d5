import { Option, type Command } from 'commander'
import { given, idempotent, type Schemas } from '../client.ts'
import { example, money, open, paged, readLine, time, type Line } from '../command.ts'
import type { Output } from '../output.ts'
import { showSteps } from './orders.ts'

type Return = Schemas['Return']

const STATUSES = [
  'requested',
  'approved',
  'received',
  'refunded',
  'refused',
  'expired',
] as const satisfies readonly Return['status'][]

const HEAD = ['id', 'status', 'order', 'amount', 'created', 'reason']
const rowOf = ({ id, status, orderId, amountMinor, currency, createdAt, reason }: Return) => [
  id,
  status,
  orderId,
  money(amountMinor, currency),
  time(createdAt),
  reason,
]

export function addReturnsCommands(program: Command): void {
  const returns = program.command('returns').description('what customers send back')
  addList(returns)
  returns
    .command('get')
    .description('show a return')
    .argument('<id>', 'of the return')
    .addHelpText('after', example('returns get 0199c5a1-…'))
    .action(async (id: string, _options: unknown, command: Command) => {
      const { client, out } = open(command)
      const found = given(await client.GET('/returns/{id}', { params: { path: { id } } }))
      out.answer(found, () => showReturn(out, found))
    })
  addAsk(returns)
  addDecision(returns, 'approve', 'let it come: the money is given back when the parcel is there')
  addDecision(returns, 'refuse', 'let it not come')
}

function addList(returns: Command): void {
  const list = returns
    .command('list')
    .description('list returns, newest first')
    .addOption(new Option('--status <status>', 'only these').choices(STATUSES))
    .addOption(new Option('--order <id>', 'all of this order').conflicts(['status', 'cursor']))
  paged(list)
    .addHelpText('after', example('returns list --status requested', 'returns list --order 0199c5a1-…'))
    .action(async ({ order, ...query }: ListOptions, command: Command) => {
      const { client, out } = open(command)
      const page =
        order === undefined
          ? given(await client.GET('/operations/returns', { params: { query } }))
          : given(await client.GET('/orders/{id}/returns', { params: { path: { id: order } } }))
      out.page<Return>(page, HEAD, rowOf)
    })
}

interface ListOptions {
  order?: string
  status?: Return['status']
  limit: number
  cursor?: string
}

interface AskOptions {
  reason: string
  line?: Line[]
  idempotencyKey?: string
}

function addAsk(returns: Command): void {
  returns
    .command('ask')
    .description('send back what a completed order brought, or some of it')
    .argument('<orderId>', 'of the order')
    .option('--line <sku:n>', 'so many of this; given again for more. Without it, all', readLine)
    .requiredOption('--reason <text>', 'why')
    .option('--idempotency-key <key>', 'sent again with the same key, it is one return; a new key by default')
    .addHelpText('after', example('returns ask 0199c5a1-… --line TEA-001:1 --reason "One is broken."'))
    .action(async (id: string, { reason, line, idempotencyKey }: AskOptions, command: Command) => {
      const { client, out } = open(command)
      const params = { path: { id }, header: idempotent(idempotencyKey) }
      const body = { reason, ...(line === undefined ? {} : { lines: line }) }
      const asked = given(await client.POST('/orders/{id}/returns', { params, body }))
      out.answer(asked, () => showReturn(out, asked))
    })
}

function addDecision(returns: Command, decision: 'approve' | 'refuse', text: string): void {
  returns
    .command(decision)
    .description(text)
    .argument('<id>', 'of the return')
    .requiredOption('--reason <text>', 'why, for the record')
    .addHelpText('after', example(`returns ${decision} 0199c5a1-… --reason "Looked at the photograph."`))
    .action(async (id: string, body: { reason: string }, command: Command) => {
      const { client, out } = open(command)
      const request = { params: { path: { id } }, body }
      const decided = given(await client.POST(`/operations/returns/{id}/${decision}`, request))
      out.answer(decided, () => showReturn(out, decided))
    })
}

function showReturn(out: Output, found: Return): void {
  const { decision } = found
  out.fields({
    id: found.id,
    status: found.status,
    order: found.orderId,
    customer: found.customerId,
    amount: money(found.amountMinor, found.currency),
    lines: found.lines.map(({ sku, quantity }) => `${quantity} × ${sku}`).join(', '),
    reason: found.reason,
    decision: decision === null ? undefined : `${decision.outcome} by ${decision.by}, ${decision.at}`,
    parcel: found.parcelReceivedAt,
    created: found.createdAt,
    deadline: found.deadlineAt,
    trace: found.traceUrl ?? found.traceId,
  })
  if (found.steps.length === 0) return
  out.print('')
  showSteps(out, found.steps)
}
