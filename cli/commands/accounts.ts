import type { Command } from 'commander'
import { given, type Client, type Query, type Schemas } from '../client.ts'
import { example, integer, money, open, paged } from '../command.ts'
import { confirm, type Output } from '../output.ts'

type Account = Schemas['Account']

export function addAccountsCommands(program: Command): void {
  const accounts = program.command('accounts').description('accounts, between which transfers move money')
  paged(accounts.command('list').description('list accounts'))
    .addHelpText('after', example('accounts list'))
    .action(async (query: Query<'/accounts'>, command: Command) => {
      const { client, out } = open(command)
      const page = given(await client.GET('/accounts', { params: { query } }))
      out.page(page, ['id', 'owner', 'status', 'balance', 'version'], (account) => [
        account.id,
        account.ownerId,
        account.status,
        money(account.balanceMinor, account.currency),
        account.version,
      ])
    })
  accounts
    .command('get')
    .description('show an account, as it is or as it was')
    .argument('<id>', 'of the account')
    .option('--as-of-version <n>', 'as it was at this version', integer)
    .option('--as-of <time>', 'as it was then, e.g. 2026-11-27T11:15:00Z')
    .addHelpText('after', example('accounts get acc_alice'))
    .action(async (id: string, query: Query<'/accounts/{id}'>, command: Command) => {
      const { client, out } = open(command)
      show(out, given(await client.GET('/accounts/{id}', { params: { path: { id }, query } })))
    })
  addOpen(accounts)
  addMoney(accounts, 'deposit', 'put money into an account')
  addMoney(accounts, 'withdraw', 'take money out of an account')
  addChange(accounts, 'freeze', 'let no money move')
  addChange(accounts, 'unfreeze', 'let money move again')
  addChange(accounts, 'close', 'for good')
}

interface OpenOptions {
  owner: string
  currency: string
  balance?: number
}

function addOpen(accounts: Command): void {
  accounts
    .command('open')
    .description('open an account')
    .argument('[id]', 'of the account; a new one by default')
    .requiredOption('--owner <customerId>', 'whose it is')
    .option('--currency <code>', 'of its money', 'EUR')
    .option('--balance <minor>', 'what is in it at first', integer)
    .addHelpText('after', example('accounts open acc_alice --owner cus_alice --balance 10000'))
    .action(async (id: string | undefined, { owner, currency, balance }: OpenOptions, command: Command) => {
      const { client, out } = open(command)
      const body = {
        ownerId: owner,
        currency,
        openingBalanceMinor: balance ?? 0,
        ...(id === undefined ? {} : { id }),
      }
      show(out, given(await client.POST('/accounts', { body })))
    })
}

interface VersionOptions {
  expectedVersion?: number
  yes?: boolean
}

const VERSION = ['--expected-version <n>', 'refuse if it has changed since this version', integer] as const

function addMoney(accounts: Command, change: 'deposit' | 'withdraw', text: string): void {
  accounts
    .command(change)
    .description(text)
    .argument('<id>', 'of the account')
    .argument('<amountMinor>', 'in minor units: 2500 is 25.00', integer)
    .option(...VERSION)
    .addHelpText('after', example(`accounts ${change} acc_alice 2500`))
    .action(async (id: string, amountMinor: number, options: VersionOptions, command: Command) => {
      const { client, out } = open(command)
      const { currency, version } = await read(client, id)
      const body = { amountMinor, currency, expectedVersion: options.expectedVersion ?? version }
      show(out, given(await client.POST(`/accounts/{id}/${change}`, { params: { path: { id } }, body })))
    })
}

function addChange(accounts: Command, change: 'freeze' | 'unfreeze' | 'close', text: string): void {
  const command = accounts.command(change).description(text).argument('<id>', 'of the account')
  if (change === 'close') command.option('--yes', 'do not ask')
  command
    .option(...VERSION)
    .addHelpText('after', example(`accounts ${change} acc_alice`))
    .action(async (id: string, { expectedVersion, ...options }: VersionOptions, command: Command) => {
      const { client, out } = open(command)
      if (change === 'close') await confirm(`Close account ${id}?`, options)
      const body = { expectedVersion: expectedVersion ?? (await read(client, id)).version }
      show(out, given(await client.POST(`/accounts/{id}/${change}`, { params: { path: { id } }, body })))
    })
}

const read = async (client: Client, id: string): Promise<Account> =>
  given(await client.GET('/accounts/{id}', { params: { path: { id } } }))

const show = (out: Output, account: Account): void =>
  out.answer(account, () => {
    const { id, ownerId, status, balanceMinor, currency, version } = account
    out.fields({ id, owner: ownerId, status, balance: money(balanceMinor, currency), version })
  })
