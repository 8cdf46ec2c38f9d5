import type { Command } from 'commander'
import { given, type Schemas } from '../client.ts'
import { example, open } from '../command.ts'
import { UsageError } from '../failures.ts'
import type { Output } from '../output.ts'

type Request = Schemas['MaintenanceRequest']

export function addMaintenanceCommands(program: Command): void {
  const maintenance = program.command('maintenance').description('what is held up: intake, providers, steps')
  maintenance
    .command('show')
    .description('what is held up now, and why')
    .addHelpText('after', example('maintenance show'))
    .action(async (_options: unknown, command: Command) => {
      const { client, out } = open(command)
      show(out, given(await client.GET('/operations/maintenance')))
    })
  maintenance
    .command('set')
    .description('change what is named; the rest stays as it is')
    .option('--intake <state>', 'open or paused')
    .option('--breaker <provider=state...>', 'open (do not call it) or auto, e.g. payment=open')
    .option('--paused-steps [names...]', 'the steps that are paused from now on; without a name, none')
    .requiredOption('--reason <text>', 'why, for the record')
    .addHelpText('after', example('maintenance set --intake paused --reason "the shop moves, ticket 4711"'))
    .action(async ({ intake, breaker, pausedSteps, reason }: Options, command: Command) => {
      const { client, out } = open(command)
      // The API checks the names and states.
      const body = {
        reason,
        ...(intake === undefined ? {} : { intake }),
        ...(breaker === undefined ? {} : { breakers: Object.fromEntries(breaker.map(asEntry)) }),
        ...(pausedSteps === undefined ? {} : { pausedSteps: pausedSteps === true ? [] : pausedSteps }),
      } as Request
      show(out, given(await client.PUT('/operations/maintenance', { body })))
    })
}

interface Options {
  intake?: string
  breaker?: string[]
  pausedSteps?: string[] | true
  reason: string
}

/** @throws UsageError for what is not `provider=state`. */
function asEntry(text: string): [string, string] {
  const [provider = '', state] = text.split('=')
  if (state === undefined) throw new UsageError(`${text} is not of the form provider=state.`)
  return [provider, state]
}

function show(out: Output, maintenance: Schemas['Maintenance']): void {
  const { intake, breakers, pausedSteps, reason } = maintenance
  out.answer(maintenance, () =>
    out.fields({
      intake,
      ...Object.fromEntries(Object.entries(breakers).map(([name, state]) => [`breaker ${name}`, state])),
      'paused steps': pausedSteps.length === 0 ? 'none' : pausedSteps.join(', '),
      reason,
    }),
  )
}
