import { Option, type Command } from 'commander'
import { given, type Schemas } from '../client.ts'
import { example, integer, open } from '../command.ts'
import type { Output } from '../output.ts'

type Faults = Schemas['SandboxFaults']

const FAULTS = [
  'up',
  'down',
  'slow',
  'flaky',
  'drop',
  'limited',
  'garbage',
  'unauthorized',
  'in_progress',
] as const satisfies readonly Faults['payment'][]

interface SetOptions {
  payment?: Faults['payment']
  shipping?: Faults['shipping']
  percent?: number
}

export function addFaultsCommands(program: Command): void {
  const faults = program
    .command('faults')
    .description('what the sandbox’s providers do wrong, for development')
  faults
    .command('show')
    .description('what they do wrong now')
    .addHelpText('after', example('faults show'))
    .action(async (_options: unknown, command: Command) => {
      const { client, out } = open(command)
      show(out, given(await client.GET('/development/faults')))
    })
  faults
    .command('set')
    .description('replace all: a provider that is not named is up')
    .addOption(new Option('--payment <fault>', 'of the payment gateway').choices(FAULTS))
    .addOption(new Option('--shipping <fault>', 'of the carrier').choices(FAULTS))
    .option('--percent <n>', 'the share of calls, 100 by default', integer)
    .addHelpText('after', example('faults set --payment flaky --percent 30'))
    .action(async ({ payment = 'up', shipping = 'up', percent = 100 }: SetOptions, command: Command) => {
      const { client, out } = open(command)
      const body = { payment, shipping, percent }
      show(out, given(await client.PUT('/development/faults', { body })))
    })
  faults
    .command('clear')
    .description('all providers are up')
    .addHelpText('after', example('faults clear'))
    .action(async (_options: unknown, command: Command) => {
      const { client, out } = open(command)
      show(out, given(await client.DELETE('/development/faults')))
    })
}

const show = (out: Output, faults: Faults): void =>
  out.answer(faults, () => {
    const { payment, shipping, percent, tail } = faults
    const late = tail === undefined ? undefined : `${tail.percent} percent, ${tail.ms} ms`
    out.fields({ payment, shipping, percent, 'late answers': late })
  })
