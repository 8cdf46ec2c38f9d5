import { Option, type Command } from 'commander'
import { given, type Query, type Schemas } from '../client.ts'
import { example, open, paged } from '../command.ts'
import { UsageError } from '../failures.ts'
import { confirm } from '../output.ts'

type Filter = Pick<Query<'/operations/dead-letters'>, 'consumer' | 'streamId' | 'cause' | 'type'>

const STATES = [
  'retrying',
  'parked',
  'behind',
  'discarded',
] as const satisfies readonly Schemas['DeadLetter']['state'][]

const filtered = (command: Command): Command =>
  command
    .option('--consumer <name>', 'what could not apply it, e.g. sales')
    .option('--stream-id <id>', 'e.g. order-…')
    .option('--cause <class>', 'e.g. EVENT_GAP')
    .option('--type <type>', 'of event, e.g. OrderPlaced')

export function addDeadLettersCommands(program: Command): void {
  const letters = program.command('dead-letters').description('events that a consumer could not apply')
  addList(letters)
  letters
    .command('show')
    .description('one of them, with its event')
    .argument('<id>', 'of the dead letter')
    .addHelpText('after', example('dead-letters show 0199c5a1-…'))
    .action(async (id: string, _options: unknown, command: Command) => {
      const { client, out } = open(command)
      const letter = given(await client.GET('/operations/dead-letters/{id}', { params: { path: { id } } }))
      out.answer(letter, () => out.print(JSON.stringify(letter, null, 2)))
    })
  addReprocess(letters)
  letters
    .command('discard')
    .description('pass over one for good: what waits behind it goes on')
    .argument('<id>', 'of the dead letter')
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--yes', 'do not ask')
    .addHelpText('after', example('dead-letters discard 0199c5a1-… --reason "test order, ticket 4712"'))
    .action(async (id: string, options: { reason: string; yes?: boolean }, command: Command) => {
      const { client, out } = open(command)
      await confirm(`Discard dead letter ${id}?`, options)
      const request = { params: { path: { id } }, body: { reason: options.reason } }
      const answer = given(await client.POST('/operations/dead-letters/{id}/discard', request))
      out.answer(answer, () => out.print('Discarded: what waited behind it goes on.'))
    })
}

function addList(letters: Command): void {
  const list = filtered(letters.command('list').description('what is open: the first of each stream'))
  paged(list.addOption(new Option('--state <state>', 'only these').choices(STATES)))
    .addHelpText('after', example('dead-letters list --consumer sales'))
    .action(async (query: Query<'/operations/dead-letters'>, command: Command) => {
      const { client, out } = open(command)
      const page = given(await client.GET('/operations/dead-letters', { params: { query } }))
      out.page(
        page,
        ['id', 'consumer', 'event', 'type', 'state', 'attempts', 'behind', 'cause'],
        (letter) => [
          letter.id,
          letter.consumer,
          `${letter.streamId}/${letter.version}`,
          letter.type,
          letter.state,
          letter.attempts,
          letter.behind,
          letter.cause,
        ],
      )
    })
}

type ReprocessOptions = Filter & { reason?: string; all?: boolean }

function addReprocess(letters: Command): void {
  filtered(letters.command('reprocess').description('try again: those named, or all that fit'))
    .argument('[ids...]', 'of dead letters')
    .option('--all', 'without a filter, all of them')
    .option('--reason <text>', 'why, for the record')
    .addHelpText('after', example('dead-letters reprocess --consumer sales --reason "fixed in 1.4.2"'))
    .action(async (ids: string[], { reason, all, ...filter }: ReprocessOptions, command: Command) => {
      const isChosen = ids.length > 0 || all === true || Object.keys(filter).length > 0
      if (!isChosen) throw new UsageError('Name some, or give a filter, or say --all.')
      const { client, out } = open(command)
      const body = { ...(ids.length > 0 ? { ids } : { filter }), ...(reason === undefined ? {} : { reason }) }
      const answer = given(await client.POST('/operations/dead-letters/reprocess', { body }))
      out.answer(answer, () => out.print(`${answer.accepted} will be tried again.`))
    })
}
