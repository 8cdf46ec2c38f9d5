import type { Command } from 'commander'
import { given } from '../client.ts'
import { example, open } from '../command.ts'

export function addSagasCommand(program: Command): void {
  program
    .command('sagas')
    .description('every definition, with its steps in order')
    .addHelpText('after', example('sagas'))
    .action(async (_options: unknown, command: Command) => {
      const { client, out } = open(command)
      out.page(
        given(await client.GET('/sagas')),
        ['definition', 'kind', 'current', 'steps'],
        ({ definition, kind, isCurrent, steps }) => [
          definition,
          kind,
          isCurrent ? 'yes' : 'no',
          steps.map(({ name }) => name).join(' '),
        ],
      )
    })
}
