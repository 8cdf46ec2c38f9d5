import { Option, type Command } from 'commander'
import { given, type Schemas } from '../client.ts'
import { example, open } from '../command.ts'
import { confirm } from '../output.ts'

type Role = Schemas['KeyRequest']['roles'][number]

export function addKeysCommands(program: Command): void {
  const keys = program.command('keys').description('keys, which say who a client is; for administrators')
  keys
    .command('list')
    .description('all of them, without their secrets')
    .addHelpText('after', example('keys list'))
    .action(async (_options: unknown, command: Command) => {
      const { client, out } = open(command)
      out.page(
        given(await client.GET('/keys')),
        ['id', 'name', 'roles', 'customer', 'expires', 'revoked', 'last used'],
        ({ id, name, roles, customerId, expiresAt, revokedAt, lastUsedAt }) => {
          const times = [expiresAt ?? 'never', revokedAt, lastUsedAt ?? 'never']
          return [id, name, roles.join(', '), customerId, ...times]
        },
      )
    })
  addCreate(keys)
  keys
    .command('revoke')
    .description('for good: within five seconds no request with it is served')
    .argument('<id>', 'the part of the key between its underscores')
    .option('--yes', 'do not ask')
    .addHelpText('after', example('keys revoke 4f2a… --yes'))
    .action(async (id: string, options: { yes?: boolean }, command: Command) => {
      const { client, out } = open(command)
      await confirm(`Revoke key ${id}?`, options)
      await client.DELETE('/keys/{id}', { params: { path: { id } } })
      out.note('Revoked.')
    })
}

interface CreateOptions {
  role: Role[]
  customer?: string
  expires?: string
}

function addCreate(keys: Command): void {
  keys
    .command('create')
    .description('make one, and print it alone, for the only time')
    .argument('<name>', 'of the client, e.g. shop')
    .addOption(
      new Option('--role <role...>', 'customer, viewer, operator, treasurer or admin').makeOptionMandatory(),
    )
    .option('--customer <id>', 'which customer the client is, for the role customer')
    .option('--expires <time>', 'RFC 3339, e.g. 2027-01-31T00:00:00Z; never by default')
    .addHelpText('after', example('keys create shop --role customer --customer cus_alice'))
    .action(async (name: string, { role, customer, expires }: CreateOptions, command: Command) => {
      const { client, out } = open(command)
      const body = { name, roles: role, customerId: customer ?? null, expiresAt: expires ?? null }
      const made = given(await client.POST('/keys', { body }))
      out.note(`Key ${made.id} of ${name}, with ${role.join(', ')}. It is not shown again.`)
      out.answer(made, () => out.print(made.key))
    })
}
