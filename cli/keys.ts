import Table from 'cli-table3'
import { program } from 'commander'
import process from 'node:process'
import { callApi, print, run } from './call-api.ts'

interface Key {
  id: string
  name: string
  roles: string[]
  customerId: string | null
  expiresAt: string | null
  revokedAt: string | null
  lastUsedAt: string | null
}

program.name('npm run keys --').description('Keys, which say who a client is. For administrators.')

program
  .command('list')
  .description('all of them, without their secrets')
  .action(async () => {
    const { data } = await callApi<{ data: Key[] }>('GET', '/keys')
    const table = new Table({
      head: ['id', 'name', 'roles', 'customer', 'expires', 'revoked', 'last used'],
      style: { head: [], border: [] },
    })
    for (const { id, name, roles, customerId, expiresAt, revokedAt, lastUsedAt } of data) {
      const times = [expiresAt ?? 'never', revokedAt ?? '', lastUsedAt ?? 'never']
      table.push([id, name, roles.join(', '), customerId ?? '', ...times])
    }
    print(data.length === 0 ? 'None.' : table.toString())
  })

program
  .command('create')
  .description('makes one, and prints it alone, for the only time')
  .argument('<name>', 'of the client, e.g. shop')
  .requiredOption('--role <role...>', 'customer, viewer, operator, treasurer or admin')
  .option('--customer <id>', 'who the client is, for the role customer')
  .option('--expires <time>', 'RFC 3339, e.g. 2027-01-31T00:00:00Z; never, unless it is given')
  .action(async (name: string, { role, customer, expires }: Options) => {
    const wish = { name, roles: role, customerId: customer ?? null, expiresAt: expires ?? null }
    const { id, key } = await callApi<Key & { key: string }>('POST', '/keys', wish)
    note(`Key ${id} of ${name}, with ${role.join(', ')}. It is not shown again.`)
    print(key)
  })

interface Options {
  role: string[]
  customer?: string
  expires?: string
}

program
  .command('revoke')
  .description('for good: within five seconds no request with it is served')
  .argument('<id>', 'the part of the key between its underscores')
  .action(async (id: string) => {
    await callApi('DELETE', `/keys/${encodeURIComponent(id)}`)
    note('Revoked.')
  })

/** Beside what is printed: a program that reads the key reads nothing else. */
const note = (text: string): boolean => process.stderr.write(`${text}\n`)

await run(() => program.parseAsync())
