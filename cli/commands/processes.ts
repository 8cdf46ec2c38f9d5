import type { Command } from 'commander'
import { given } from '../client.ts'
import { example, open, time } from '../command.ts'
import { confirm } from '../output.ts'

export function addProcessesCommands(program: Command): void {
  const processes = program.command('processes').description('the processes of npm start, for development')
  processes
    .command('list')
    .description('which run, and how often each was started again')
    .addHelpText('after', example('processes list'))
    .action(async (_options: unknown, command: Command) => {
      const { client, out } = open(command)
      const list = given(await client.GET('/development/processes'))
      out.page(list, ['name', 'pid', 'restarts', 'since'], ({ name, pid, restarts, since }) => [
        name,
        pid,
        restarts,
        time(since),
      ])
    })
  processes
    .command('kill')
    .description('kill one at once, as kill -9 does: npm start starts it again')
    .argument('<name>', 'of the process')
    .option('--yes', 'do not ask')
    .addHelpText('after', example('processes kill worker-1 --yes'))
    .action(async (name: string, options: { yes?: boolean }, command: Command) => {
      const { client, out } = open(command)
      await confirm(`Kill ${name}?`, options)
      const request = { params: { path: { name } } }
      const answer = given(await client.POST('/development/processes/{name}/kill', request))
      out.answer(answer, () => out.print('Killed: it is started again within seconds.'))
    })
}
