import type { Aggregate, Aggregates, Loaded } from '../../events/store/aggregate.ts'
import type { Database } from '../../prisma/client.ts'
import { VersionConflict, type AsOf, type EventStore } from '../../events/store/store.ts'
import { DomainError } from '../../faults.ts'
import {
  decide,
  evolve,
  NO_ACCOUNT,
  type AccountCommand,
  type AccountEvent,
  type AccountRefusal,
  type AccountState,
} from './account.ts'

export const ACCOUNT: Aggregate<AccountState> = { stateVersion: 1, initial: NO_ACCOUNT, evolve }

export const accountStream = (accountId: string) => `account-${accountId}`

/** An account at one version of its stream. */
export interface Account extends Exclude<AccountState, { status: 'none' }> {
  readonly id: string
  readonly version: number
}

/** The streams of the accounts of an owner: a query with the owner as its parameter, whose number is given. */
export const streamsOwnedBy = (parameter: string): string =>
  `SELECT stream_id FROM events WHERE type = 'AccountOpened' AND data->>'ownerId' = ${parameter}`

export interface AccountOptions {
  db: Database
  aggregates: Aggregates
  store: EventStore
}

/** Accounts are event-sourced: their stream is all there is of them. */
export function createAccounts({ db, aggregates, store }: AccountOptions) {
  const load = (accountId: string, asOf?: AsOf) => aggregates.load(ACCOUNT, accountStream(accountId), asOf)
  const owned = async (owner: string, { after, limit }: { after: string; limit: number }) => {
    const rows = await db.$queryRawUnsafe<{ stream_id: string }[]>(
      `${streamsOwnedBy('$1')} AND stream_id > $2 ORDER BY stream_id LIMIT $3`,
      owner,
      after,
      limit,
    )
    return rows.map((row) => row.stream_id)
  }
  return {
    /**
     * Undefined where there is no account, or there was none yet.
     * @param owner whose accounts are all that there are for who asks; undefined for everybody's.
     */
    async find(accountId: string, asOf?: AsOf, owner?: string): Promise<Account | undefined> {
      const account = asAccount(accountId, await load(accountId, asOf))
      return owner === undefined || account?.ownerId === owner ? account : undefined
    },

    /** In the order of their ids; one more than asked for, when there is one. `after` is the last of the page before. */
    async list(
      { limit, after }: { limit: number; after?: string | undefined },
      owner?: string,
    ): Promise<Account[]> {
      const page = { limit: limit + 1, after: accountStream(after ?? '') }
      const streams =
        owner === undefined ? await store.heads(accountStream(''), page) : await owned(owner, page)
      const found: Account[] = []
      // One after the other: a list takes no more than one connection from the orders.
      for (const streamId of streams) {
        const id = streamId.slice(accountStream('').length)
        const account = asAccount(id, await load(id))
        if (account !== undefined) found.push(account)
      }
      return found
    },

    /**
     * Carries commands out, all or none.
     * @param expectedVersion the version that their sender has seen, so that sent twice they are refused the second
     *   time; undefined where none can have been seen.
     * @throws DomainError when a rule refuses one, VERSION_CONFLICT when the account has moved on.
     */
    async execute(
      accountId: string,
      expectedVersion: number | undefined,
      commands: readonly AccountCommand[],
    ): Promise<Account> {
      let { state, version } = await load(accountId)
      if (expectedVersion !== undefined && version !== expectedVersion && version > 0) throw conflict()
      const events: AccountEvent[] = []
      for (const command of commands) {
        const decision = decide(command, state)
        if (decision.kind === 'refused') throw new DomainError(decision.code, REFUSALS[decision.code])
        state = decision.events.reduce(evolve, state)
        events.push(...decision.events)
      }
      if (events.length > 0) {
        version = await store.append(accountStream(accountId), version, events).catch((error: unknown) => {
          throw error instanceof VersionConflict ? conflict() : error
        })
      }
      const account = asAccount(accountId, { state, version })
      if (account === undefined) throw new Error(`${accountId} was decided on, and is not there`)
      return account
    },
  }
}

export type Accounts = ReturnType<typeof createAccounts>

const conflict = () => new DomainError('VERSION_CONFLICT', 'The account has changed since: read it again.')

function asAccount(
  id: string,
  { state, version }: Pick<Loaded<AccountState>, 'state' | 'version'>,
): Account | undefined {
  return state.status === 'none' ? undefined : { id, version, ...state }
}

const REFUSALS: Record<AccountRefusal, string> = {
  ACCOUNT_NOT_FOUND: 'There is no such account.',
  ACCOUNT_EXISTS: 'There is an account with this id.',
  ACCOUNT_CLOSED: 'The account is closed.',
  ACCOUNT_FROZEN: 'The account is frozen.',
  ACCOUNT_NOT_FROZEN: 'The account is not frozen.',
  CURRENCY_MISMATCH: 'The account is in another currency.',
  INSUFFICIENT_FUNDS: 'There is not enough money on the account.',
  BALANCE_TOO_LARGE: 'The account cannot hold that much.',
  BALANCE_NOT_ZERO: 'There is still money on the account.',
}
