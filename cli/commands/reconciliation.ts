import { setTimeout as sleep } from 'node:timers/promises'
import { Option, type Command } from 'commander'
import { given, type Client, type Schemas } from '../client.ts'
import { example, integer, money, open, paged, time } from '../command.ts'
import { Failed } from '../failures.ts'
import type { Output } from '../output.ts'

type Difference = Schemas['Difference']
type Run = Schemas['ReconciliationRun']

const STATES = ['open', 'settled', 'gone'] as const satisfies readonly Difference['state'][]

const HEAD = ['id', 'class', 'provider', 'key', 'ours', 'theirs', 'first seen', 'state']
const rowOf = (found: Difference) => [
  found.id,
  found.class,
  found.provider,
  found.key,
  sideOf(found.ours),
  sideOf(found.theirs),
  time(found.firstSeen),
  found.state,
]

const sideOf = (side: Difference['ours']): string =>
  side === null ? '–' : [amountOf(side), side.state].filter((part) => part !== '').join(' ')

const amountOf = ({ amountMinor, currency }: NonNullable<Difference['ours']>): string =>
  amountMinor === null ? '' : money(amountMinor, currency ?? '')

export function addReconciliationCommands(program: Command): void {
  const reconciliation = program
    .command('reconciliation')
    .description('differences between our record and what the providers list')
  addList(reconciliation)
  addRun(reconciliation)
  addSettle(reconciliation)
}

interface ListOptions {
  state: Difference['state']
  limit: number
  cursor?: string
}

function addList(reconciliation: Command): void {
  const list = reconciliation
    .command('list')
    .description('list differences that two runs have seen, newest first')
    .addOption(new Option('--state <state>', 'only these').choices(STATES).default('open'))
  paged(list)
    .addHelpText('after', example('reconciliation list', 'reconciliation list --state settled'))
    .action(async (query: ListOptions, command: Command) => {
      const { client, out } = open(command)
      const page = given(await client.GET('/operations/reconciliation', { params: { query } }))
      out.page<Difference>(page, HEAD, rowOf)
      out.note(page.lastRunAt === null ? 'No run has ended yet.' : `Last run: ${time(page.lastRunAt)}`)
      const [newest] = page.runs
      if (newest?.state === 'failed') out.note(`The newest run has failed: ${troublesOf(newest)}.`)
    })
}

function addRun(reconciliation: Command): void {
  reconciliation
    .command('run')
    .description('compare now; a difference is listed when two runs have seen it')
    .option('--window <minutes>', 'how far back; by default to what is covered, 25 hours at least', integer)
    .option('--wait', 'until the run is over')
    .addHelpText('after', example('reconciliation run --wait', 'reconciliation run --window 10080'))
    .action(async ({ window, wait = false }: { window?: number; wait?: boolean }, command: Command) => {
      const { client, out } = open(command)
      const body = window === undefined ? {} : { windowMinutes: window }
      const accepted = given(await client.POST('/operations/reconciliation/run', { body }))
      if (!wait) return out.answer(accepted, () => out.print(`A worker compares it now: run ${accepted.id}.`))
      const run = await untilOver(client, accepted.id)
      out.answer(run, () => showRun(out, run))
      if (run.state === 'failed') throw new Failed(`The run has failed: ${troublesOf(run)}.`)
    })
}

/** How often the run is looked at. */
const LOOK_MS = 1000

/** @throws Failed when the run is not among those that are shown any more. */
async function untilOver(client: Client, id: string): Promise<Run> {
  for (;;) {
    const { runs } = given(
      await client.GET('/operations/reconciliation', { params: { query: { limit: 1 } } }),
    )
    const run = runs.find((each) => each.id === id)
    if (run === undefined)
      throw new Failed(`Run ${id} is not shown any more: newer ones have been asked for.`)
    if (run.state === 'ended' || run.state === 'failed') return run
    await sleep(LOOK_MS)
  }
}

const troublesOf = ({ parts }: Run): string =>
  parts.flatMap(({ step, trouble }) => (trouble === null ? [] : [`${step} ${trouble}`])).join(', ')

function showRun(out: Output, { parts }: Run): void {
  out.table(
    ['step', 'provider', 'theirs', 'ours', 'differ', 'calls', 'state'],
    parts.map(({ step, provider, theirs, ours, found, calls, state, trouble }) => [
      step,
      provider,
      theirs,
      ours,
      found,
      calls,
      trouble ?? state,
    ]),
  )
}

function addSettle(reconciliation: Command): void {
  reconciliation
    .command('settle')
    .description('note that a person has dealt with a difference; it changes nothing else')
    .argument('<id>', 'of the difference')
    .requiredOption('--reason <text>', 'what was done about it, for the record')
    .addHelpText('after', example('reconciliation settle 0199c5a1-… --reason "Refunded at the gateway."'))
    .action(async (id: string, body: { reason: string }, command: Command) => {
      const { client, out } = open(command)
      const request = { params: { path: { id } }, body }
      const settled = given(await client.POST('/operations/reconciliation/{id}/settle', request))
      out.answer(settled, () => out.print(`Settled by ${settled.settledBy ?? ''}.`))
    })
}
