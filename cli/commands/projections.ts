import type { Command } from 'commander'
import { given } from '../client.ts'
import { example, open } from '../command.ts'

export function addProjectionsCommands(program: Command): void {
  const projections = program.command('projections').description('read models, built from events')
  projections
    .command('status')
    .description('how fresh they are, and how far a rebuild is')
    .addHelpText('after', example('projections status'))
    .action(async (_options: unknown, command: Command) => {
      const { client, out } = open(command)
      out.page(
        given(await client.GET('/operations/projections')),
        ['name', 'generation', 'lag ms', 'streams set aside', 'rebuild', 'events'],
        ({ name, generation, lagMs, streamsSetAside, rebuild }) => {
          const { state, rebuiltEvents, totalEvents } = rebuild
          const events = state === 'none' ? '' : `${rebuiltEvents} of ${totalEvents}`
          return [name, generation, lagMs, streamsSetAside, state, events]
        },
      )
    })
  projections
    .command('rebuild')
    .description('build one again from zero, while it is read')
    .argument('<name>', 'of the read model')
    .addHelpText('after', example('projections rebuild sales'))
    .action(async (name: string, _options: unknown, command: Command) => {
      const { client, out } = open(command)
      const request = { params: { path: { name } } }
      const answer = given(await client.POST('/operations/projections/{name}/rebuild', request))
      out.answer(answer, () => out.print('The projector does it: see `projections status`.'))
    })
}
