import { Option, type Command } from 'commander'
import { given, idempotent, type Query, type Schemas } from '../client.ts'
import { example, integer, money, open, paged, time } from '../command.ts'
import type { Output } from '../output.ts'
import { ORDER_STATUSES, showSteps } from './orders.ts'
import { describeReason } from './timeline.ts'

type Transfer = Schemas['Transfer']

export function addTransferCommands(program: Command): void {
  addTransfer(program)
  const transfers = program.command('transfers').description('money that moves between accounts')
  addList(transfers)
  transfers
    .command('get')
    .description('show a transfer')
    .argument('<id>', 'of the transfer')
    .addHelpText('after', example('transfers get 0199c5a1-…'))
    .action(async (id: string, _options: unknown, command: Command) => {
      const { client, out } = open(command)
      const transfer = given(await client.GET('/transfers/{id}', { params: { path: { id } } }))
      out.answer(transfer, () => showTransfer(out, transfer))
    })
  transfers
    .command('cancel')
    .description('cancel a transfer: what it did is undone')
    .argument('<id>', 'of the transfer')
    .option('--reason <text>', 'why, for the record')
    .addHelpText('after', example('transfers cancel 0199c5a1-…'))
    .action(async (id: string, body: { reason?: string }, command: Command) => {
      const { client, out } = open(command)
      const request = { params: { path: { id } }, body }
      const transfer = given(await client.POST('/transfers/{id}/cancel', request))
      out.answer(transfer, () => showTransfer(out, transfer))
    })
}

function addTransfer(program: Command): void {
  program
    .command('transfer')
    .description('move money from one account to another')
    .argument('<from>', 'account')
    .argument('<to>', 'account')
    .argument('<amountMinor>', 'in minor units: 2500 is 25.00', integer)
    .option('--currency <code>', 'of both accounts', 'EUR')
    .option(
      '--idempotency-key <key>',
      'sent again with the same key, it is one transfer; a new key by default',
    )
    .addHelpText('after', example('transfer acc_alice acc_bob 2500'))
    .action(
      async (from: string, to: string, amountMinor: number, options: TransferOptions, command: Command) => {
        const { client, out } = open(command)
        const { currency, idempotencyKey } = options
        const body = { sourceAccountId: from, destinationAccountId: to, amountMinor, currency }
        const header = idempotent(idempotencyKey)
        const transfer = given(await client.POST('/transfers', { params: { header }, body }))
        out.answer(transfer, () => showTransfer(out, transfer))
      },
    )
}

interface TransferOptions {
  currency: string
  idempotencyKey?: string
}

function addList(transfers: Command): void {
  const list = transfers
    .command('list')
    .description('list transfers, newest first')
    .addOption(new Option('--status <status>', 'only these').choices(ORDER_STATUSES))
    .option('--account-id <id>', 'only from or to this account')
  paged(list)
    .addHelpText('after', example('transfers list --account-id acc_alice'))
    .action(async (query: Query<'/transfers'>, command: Command) => {
      const { client, out } = open(command)
      const page = given(await client.GET('/transfers', { params: { query } }))
      out.page(page, ['id', 'status', 'from', 'to', 'amount', 'created', 'reason'], (transfer) => [
        transfer.id,
        transfer.status,
        transfer.sourceAccountId,
        transfer.destinationAccountId,
        money(transfer.amountMinor, transfer.currency),
        time(transfer.createdAt),
        transfer.reason?.code,
      ])
    })
}

function showTransfer(out: Output, transfer: Transfer): void {
  out.fields({
    id: transfer.id,
    status: transfer.status,
    reason: describeReason(transfer),
    from: transfer.sourceAccountId,
    to: transfer.destinationAccountId,
    amount: money(transfer.amountMinor, transfer.currency),
    created: transfer.createdAt,
    deadline: transfer.deadlineAt,
    trace: transfer.traceUrl ?? transfer.traceId,
  })
  out.print('')
  showSteps(out, transfer.steps)
}
