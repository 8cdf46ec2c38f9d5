import { Option, type Command } from 'commander'
import { given, type Query, type Schemas } from '../client.ts'
import { example, integer, money, open, paged, time } from '../command.ts'
import { Failed, UsageError } from '../failures.ts'
import { confirm, type Output } from '../output.ts'

type Kind = Schemas['ParkedStep']['kind']
type RetryBatch = Schemas['RetryBatch']

const KINDS = ['order', 'transfer', 'return'] as const satisfies readonly Kind[]

export function addParkedCommands(program: Command): void {
  const parked = program
    .command('parked')
    .description('steps that used up their attempts, and wait for an operator')
  addList(parked)
  addRetry(parked)
  addSkip(parked)
  addBatches(parked)
}

const kindOption = (text: string) => new Option('--kind <kind>', text).choices(KINDS)

function addList(parked: Command): void {
  const list = parked
    .command('list')
    .description('what is parked, with the amount at risk')
    .addOption(kindOption('only of these'))
    .option('--step <name>', 'only at this step, e.g. chargePayment')
    .option('--error-class <code>', 'only with this error')
  paged(list)
    .addHelpText('after', example('parked list', 'parked list --step chargePayment'))
    .action(async (query: Query<'/operations/parked'>, command: Command) => {
      const { client, out } = open(command)
      const steps = given(await client.GET('/operations/parked', { params: { query } }))
      out.page(steps, ['kind', 'id', 'step', 'error', 'attempts', 'since', 'amount'], (step) => [
        step.kind,
        step.orderId ?? step.transferId ?? step.returnId,
        step.step,
        step.errorClass,
        step.attempts,
        time(step.since),
        money(step.amountMinor),
      ])
    })
}

interface RetryOptions {
  all?: boolean
  kind?: Kind
  step?: string
  errorClass?: string
  rampPercent?: number
  reason: string
}

function addRetry(parked: Command): void {
  parked
    .command('retry')
    .description('try again: one, or all that fit')
    .argument('[id]', 'of the order, or of the transfer or return with --kind')
    .option('--all', 'all that the other options choose')
    .addOption(kindOption('what the id is of (an order by default); with --all, only these'))
    .option('--step <name>', 'only this step')
    .option('--error-class <code>', 'with --all: only with this error')
    .option('--ramp-percent <n>', 'with --all: how many percent go at once, 10 by default', integer)
    .requiredOption('--reason <text>', 'why, for the record')
    .addHelpText(
      'after',
      example(
        'parked retry 0199c5a1-… --reason "the gateway is back"',
        'parked retry --all --step chargePayment --ramp-percent 10 --reason "fixed in 1.4.2"',
      ),
    )
    .action(async (id: string | undefined, options: RetryOptions, command: Command) => {
      if ((id === undefined) !== (options.all === true)) throw new UsageError('Give an id, or --all.')
      if (id === undefined) await retryAll(options, command)
      else await retryOne(id, options, command)
    })
}

async function retryOne(id: string, options: RetryOptions, command: Command): Promise<void> {
  const { kind = 'order', step, reason } = options
  if (options.errorClass !== undefined || options.rampPercent !== undefined)
    throw new UsageError('--error-class and --ramp-percent go with --all.')
  const { client, out } = open(command)
  const request = { params: { path: { id } }, body: { reason, ...(step === undefined ? {} : { step }) } }
  const answer = given(await client.POST(`/operations/${PLURAL[kind]}/{id}/retry`, request))
  out.answer(answer, () => out.print('It will be tried again.'))
}

const PLURAL = { order: 'orders', transfer: 'transfers', return: 'returns' } as const

async function retryAll(
  { kind, step, errorClass, rampPercent, reason }: RetryOptions,
  command: Command,
): Promise<void> {
  const { client, out } = open(command)
  const filter = {
    ...(kind === undefined ? {} : { kind }),
    ...(step === undefined ? {} : { step }),
    ...(errorClass === undefined ? {} : { errorClass }),
  }
  const body = { filter, reason, rampPercent: rampPercent ?? 10 }
  const batch = given(await client.POST('/operations/parked/retry', { body }))
  out.answer(batch, () => showBatch(out, batch))
}

function addSkip(parked: Command): void {
  parked
    .command('skip')
    .description('leave a step out for good: what it moved is written off')
    .argument('<id>', 'of the order, or of the transfer or return with --kind')
    .requiredOption('--step <name>', 'the parked step, by the name that parked list shows')
    .requiredOption('--reason <text>', 'why, for the record')
    .addOption(kindOption('what the id is of').default('order'))
    .option('--yes', 'do not ask')
    .addHelpText('after', example('parked skip 0199c5a1-… --step chargePayment --reason "refunded by hand"'))
    .action(async (id: string, options: SkipOptions, command: Command) => {
      const { kind, step, reason } = options
      const { client, out } = open(command)
      await confirm(`Skip ${step} of ${kind} ${id}?`, options)
      const request = { params: { path: { id } }, body: { step, reason } }
      const answer = given(await client.POST(`/operations/${PLURAL[kind]}/{id}/skip`, request))
      out.answer(answer, () => out.print('Skipped: the saga goes on without it.'))
    })
}

interface SkipOptions {
  kind: Kind
  step: string
  reason: string
  yes?: boolean
}

function addBatches(parked: Command): void {
  const batches = parked.command('batches').description('retries of many at once')
  paged(batches.command('list').description('newest first'))
    .addHelpText('after', example('parked batches list'))
    .action(async (query: Query<'/operations/retries'>, command: Command) => {
      const { client, out } = open(command)
      const page = given(await client.GET('/operations/retries', { params: { query } }))
      out.page(page, ['id', 'status', 'total', 'pending', 'succeeded', 'failed', 'reason'], (batch) => [
        batch.id,
        batch.status,
        batch.total,
        batch.pending,
        batch.succeeded,
        batch.failed,
        batch.reason,
      ])
    })
  batches
    .command('get')
    .description('how far one is')
    .argument('<id>', 'of the batch')
    .addHelpText('after', example('parked batches get 0199c5a1-…'))
    .action(async (id: string, _options: unknown, command: Command) => {
      const { client, out } = open(command)
      const batch = given(await client.GET('/operations/retries/{id}', { params: { path: { id } } }))
      out.answer(batch, () => showBatch(out, batch))
      if (batch.status === 'done' && batch.failed > 0) throw new Failed(`${batch.failed} are parked again.`)
    })
  for (const [change, text] of CHANGES)
    batches
      .command(change)
      .description(text)
      .argument('<id>', 'of the batch')
      .requiredOption('--reason <text>', 'why, for the record')
      .addHelpText('after', example(`parked batches ${change} 0199c5a1-… --reason "as planned"`))
      .action(async (id: string, body: { reason: string }, command: Command) => {
        const { client, out } = open(command)
        const request = { params: { path: { id } }, body }
        const batch = given(await client.POST(`/operations/retries/{id}/${change}`, request))
        out.answer(batch, () => showBatch(out, batch))
      })
}

const CHANGES = [
  ['pause', 'retry no more of it for now'],
  ['resume', 'go on with it'],
  ['stop', 'retry no more of it'],
] as const

function showBatch(out: Output, batch: RetryBatch): void {
  const { id, status, total, pending, succeeded, failed, reason, createdAt } = batch
  out.fields({ id, status, total, pending, succeeded, failed, reason, created: createdAt })
}
