import { Router, type Request } from 'express'
import { v7 as uuid } from 'uuid'
import type { AccountCommand } from '../../domain/account/account.ts'
import type { Account, Accounts } from '../../domain/account/accounts.ts'
import { viewEvent } from '../event-view.ts'
import { jsonBody, parseBody, parseQuery, serve } from '../http.ts'
import { HttpProblem } from '../problem.ts'
import { accountChange, accountQuery, accountRequest, moneyRequest } from '../schemas/transfers.ts'

export interface AccountRoutes {
  accounts: Accounts
}

/** Event-sourced accounts. Each change names the version that it is made on, so a repeated request is refused. */
export function createAccountRoutes({ accounts }: AccountRoutes): Router {
  const router = Router()

  serve(router, '/accounts', {
    post: [
      jsonBody({ required: true }),
      async (request, response) => {
        const { id = uuid(), ...body } = parseBody(accountRequest, request.body, 'INVALID_ACCOUNT')
        const { ownerId, currency, openingBalanceMinor: amountMinor } = body
        const commands: AccountCommand[] = [{ kind: 'open', ownerId, currency }]
        if (amountMinor > 0) commands.push({ kind: 'deposit', amountMinor, currency })
        const account = await accounts.execute(id, undefined, commands)
        response.status(201).location(`/accounts/${id}`).json(viewAccount(account))
      },
    ],
  })

  serve(router, '/accounts/:id', {
    get: async (request, response) => {
      const { asOfVersion: version, asOf: time } = parseQuery(accountQuery, request.query)
      const account = await accounts.find(idOf(request), { version, time })
      if (account === undefined) throw notFound()
      response.json(viewAccount(account))
    },
  })

  serve(router, '/accounts/:id/events', {
    get: async (request, response) => {
      const { asOfVersion: version, asOf: time } = parseQuery(accountQuery, request.query)
      const events = await accounts.events(idOf(request), { version, time })
      if (events.length === 0) throw notFound()
      response.json({ data: events.map(viewEvent) })
    },
  })

  for (const kind of ['deposit', 'withdraw'] as const) {
    serve(router, `/accounts/:id/${kind}`, {
      post: [
        jsonBody({ required: true }),
        async (request, response) => {
          const { expectedVersion, ...money } = parseBody(moneyRequest, request.body, 'INVALID_REQUEST')
          const account = await accounts.execute(idOf(request), expectedVersion, [{ kind, ...money }])
          response.json(viewAccount(account))
        },
      ],
    })
  }

  for (const kind of ['freeze', 'unfreeze', 'close'] as const) {
    serve(router, `/accounts/:id/${kind}`, {
      post: [
        jsonBody({ required: true }),
        async (request, response) => {
          const { expectedVersion } = parseBody(accountChange, request.body, 'INVALID_REQUEST')
          const account = await accounts.execute(idOf(request), expectedVersion, [{ kind }])
          response.json(viewAccount(account))
        },
      ],
    })
  }

  return router
}

function idOf(request: Request): string {
  const id = String(request.params['id'])
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) throw notFound()
  return id
}

const notFound = () =>
  new HttpProblem('ACCOUNT_NOT_FOUND', 'There is no account with this id, or was none then.')

function viewAccount({ id, ownerId, status, currency, balanceMinor, version }: Account) {
  return { id, ownerId, status, currency, balanceMinor, version }
}
