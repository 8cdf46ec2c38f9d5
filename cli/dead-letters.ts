import Table from 'cli-table3'
import { program, type Command } from 'commander'
import { callApi, print, run } from './call-api.ts'

interface Letter {
  id: string
  consumer: string
  streamId: string
  version: number
  type: string
  state: string
  attempts: number
  behind: number
  cause: string | null
}

interface Filter {
  consumer?: string
  streamId?: string
  cause?: string
  type?: string
}

const withFilter = (command: Command): Command =>
  command
    .option('--consumer <name>', 'who could not apply it, e.g. sales')
    .option('--stream-id <id>', 'e.g. order-…')
    .option('--cause <class>', 'e.g. EVENT_GAP')
    .option('--type <type>', 'of event, e.g. OrderPlaced')

program.name('npm run dead-letters --').description('Events that a consumer could not apply.')

withFilter(program.command('list').description('what is open: the first of each stream'))
  .option('--state <state>', 'retrying, parked, behind or discarded')
  .action(async (filter: Filter & { state?: string }) => {
    const query = new URLSearchParams({ limit: '100', ...filter })
    const { data, nextCursor } = await callApi<{ data: Letter[]; nextCursor: string | null }>(
      'GET',
      `/operations/dead-letters?${query.toString()}`,
    )
    const table = new Table({
      head: ['id', 'consumer', 'event', 'type', 'state', 'attempts', 'behind', 'cause'],
      style: { head: [], border: [] },
    })
    for (const { id, consumer, streamId, version, type, state, attempts, behind, cause } of data) {
      table.push([id, consumer, `${streamId}/${version}`, type, state, attempts, behind, cause ?? ''])
    }
    print(data.length === 0 ? 'None.' : table.toString())
    if (nextCursor !== null) print('There are more: narrow it down.')
  })

program
  .command('show')
  .description('one of them, with its event')
  .argument('<id>')
  .action(async (id: string) => {
    print(JSON.stringify(await callApi('GET', `/operations/dead-letters/${encodeURIComponent(id)}`), null, 2))
  })

withFilter(program.command('reprocess').description('tries again: those named, or all that fit'))
  .argument('[ids...]')
  .option('--all', 'without a filter, all of them')
  .option('--reason <text>', 'why, for the record')
  .action(async (ids: string[], { reason, all, ...filter }: Filter & { reason?: string; all?: boolean }) => {
    const isChosen = ids.length > 0 || all === true || Object.keys(filter).length > 0
    if (!isChosen) throw new Error('Name some, or give a filter, or say --all.')
    const choice = ids.length > 0 ? { ids } : { filter }
    const body = { ...choice, ...(reason === undefined ? {} : { reason }) }
    const { accepted } = await callApi<{ accepted: number }>(
      'POST',
      '/operations/dead-letters/reprocess',
      body,
    )
    print(`${accepted} will be tried again.`)
  })

program
  .command('discard')
  .description('passes over one for good')
  .argument('<id>')
  .requiredOption('--reason <text>', 'why, for the record')
  .action(async (id: string, body: { reason: string }) => {
    await callApi('POST', `/operations/dead-letters/${encodeURIComponent(id)}/discard`, body)
    print('Discarded: what waited behind it goes on.')
  })

await run(() => program.parseAsync())
