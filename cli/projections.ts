import Table from 'cli-table3'
import { program } from 'commander'
import { callApi, print, run } from './call-api.ts'

interface Projection {
  name: string
  generation: number
  lagMs: number
  streamsSetAside: number
  rebuild: { state: string; rebuiltEvents: number; totalEvents: number }
}

program.name('npm run projections --').description('Read models, built out of events.')

program
  .command('status')
  .description('how fresh they are, and how far a rebuild is')
  .action(async () => {
    const { data } = await callApi<{ data: Projection[] }>('GET', '/operations/projections')
    const table = new Table({
      head: ['name', 'generation', 'lag ms', 'streams set aside', 'rebuild', 'events'],
      style: { head: [], border: [] },
    })
    for (const { name, generation, lagMs, streamsSetAside, rebuild } of data) {
      const events = rebuild.state === 'none' ? '' : `${rebuild.rebuiltEvents} of ${rebuild.totalEvents}`
      table.push([name, generation, lagMs, streamsSetAside, rebuild.state, events])
    }
    print(table.toString())
  })

program
  .command('rebuild')
  .description('builds one again from zero, while it is read')
  .argument('<name>')
  .action(async (name: string) => {
    await callApi('POST', `/operations/projections/${encodeURIComponent(name)}/rebuild`)
    print('The projector does it: see `status`.')
  })

await run(() => program.parseAsync())
