import { Router, type Request } from 'express'
import { sagaStream } from '../../domain/saga/ids.ts'
import { toMinor } from '../../domain/money.ts'
import type { Journal } from '../../domain/saga/journal.ts'
import type { createTransferIntake, TransferRequest } from '../../domain/transfer/intake.ts'
import type { createTransferQueries, TransferRecord } from '../../domain/transfer/queries.ts'
import type { EventStore } from '../../events/store/store.ts'
import type { SagaContract } from '../../workflows/saga/contract.ts'
import type { Contracts } from '../contracts.ts'
import { boundInFlight } from '../back-pressure.ts'
import { viewEvent } from '../event-view.ts'
import { callerOf, isUuid, jsonBody, parseBody, parseQuery, readIdempotencyKey, serve } from '../http.ts'
import { HttpProblem } from '../problem.ts'
import type { SagaStarter } from '../../dispatch/starter.ts'
import { asPlaced, snapshotOf, viewSaga, type SagaSnapshot, type TemporalPlace } from '../saga-view.ts'
import { cancelRequest, eventListQuery } from '../schemas/orders.ts'
import { noQuery } from '../schemas/shared.ts'
import { transferRequest } from '../schemas/transfers.ts'

export interface TransferRoutes {
  contracts: Contracts
  transferIntake: ReturnType<typeof createTransferIntake>
  transferQueries: ReturnType<typeof createTransferQueries>
  transferJournal: Journal
  store: EventStore
  starter: SagaStarter
  /** Transfers taken in at once; the rest is refused before anything is looked at. */
  intakeMax: number
  temporal: TemporalPlace
}

export function createTransferRoutes(options: TransferRoutes): Router {
  const { transferIntake, transferQueries, transferJournal, store, starter, temporal } = options
  const { transfer: contract } = options.contracts
  const router = Router()

  const find = async (request: Request): Promise<TransferRecord> => {
    const id = String(request.params['id'])
    const record = isUuid(id) ? await transferQueries.find(id.toLowerCase()) : null
    if (record === null) throw new HttpProblem('TRANSFER_NOT_FOUND', 'There is no transfer with this id.')
    return record
  }

  const viewRecord = ({ saga, amountMinor, ...transfer }: TransferRecord) =>
    viewTransfer(contract, { ...transfer, amountMinor: toMinor(amountMinor) }, snapshotOf(saga), temporal)

  serve(router, '/transfers', {
    post: [
      boundInFlight(options.intakeMax),
      jsonBody({ required: true }),
      async (request, response) => {
        const key = readIdempotencyKey(request)
        const body = parseBody(transferRequest, request.body, 'INVALID_TRANSFER')
        const placed = await transferIntake.place(callerOf(request), key, body, request.body)
        if (placed.isReplay) response.set('idempotent-replayed', 'true')
        else starter.start(placed)
        response
          .status(202)
          .location(`/transfers/${placed.id}`)
          .json(viewTransfer(contract, body, asPlaced(placed), temporal))
      },
    ],
  })

  serve(router, '/transfers/:id', {
    get: async (request, response) => {
      parseQuery(noQuery, request.query)
      response.json(viewRecord(await find(request)))
    },
  })

  serve(router, '/transfers/:id/events', {
    get: async (request, response) => {
      const { asOfVersion: version } = parseQuery(eventListQuery, request.query)
      const { id } = await find(request)
      const events = await store.load(sagaStream(contract.kind, id), version)
      response.json({ data: events.map(viewEvent) })
    },
  })

  serve(router, '/transfers/:id/cancel', {
    post: [
      jsonBody({ required: false }),
      async (request, response) => {
        const { reason } = parseBody(cancelRequest, request.body, 'INVALID_REQUEST')
        const { id } = await find(request)
        const verdict = await transferJournal.cancel(id, reason)
        if (verdict === 'too_late')
          throw new HttpProblem('TRANSFER_NOT_CANCELLABLE', 'The transfer is completed or rejected.')
        starter.wake()
        response.status(verdict === 'cancelled' ? 200 : 202).json(viewRecord(await find(request)))
      },
    ],
  })

  return router
}

function viewTransfer(
  contract: SagaContract,
  transfer: TransferRequest,
  saga: SagaSnapshot,
  temporal: TemporalPlace,
) {
  const { sourceAccountId, destinationAccountId, amountMinor, currency } = transfer
  return {
    id: saga.id,
    sourceAccountId,
    destinationAccountId,
    amountMinor,
    currency,
    ...viewSaga(contract, saga, temporal),
  }
}
