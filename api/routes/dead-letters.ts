import { Router, type Request } from 'express'
import {
  letterKey,
  type createDeadLetterDesk,
  type DeadLetter,
  type LetterVerdict,
} from '../../events/inbox/dead-letter-desk.ts'
import { callerOf, isUuid, jsonBody, parseBody, parseQuery, serve, toPage } from '../http.ts'
import { HttpProblem } from '../problem.ts'
import {
  deadLetterListQuery,
  discardRequest,
  reprocessManyRequest,
  reprocessRequest,
} from '../schemas/dead-letters.ts'
import { noQuery } from '../schemas/shared.ts'

export interface DeadLetterRoutes {
  deadLetters: ReturnType<typeof createDeadLetterDesk>
}

/** On the record of a reprocessing that nobody gave a reason for. */
const NO_REASON = 'none given'

export function createDeadLetterRoutes({ deadLetters }: DeadLetterRoutes): Router {
  const router = Router()

  serve(router, '/operations/dead-letters', {
    get: async (request, response) => {
      const { limit, cursor, state, ...filter } = parseQuery(deadLetterListQuery, request.query)
      const letters = await deadLetters.list(
        { ...filter, ...(state === undefined ? {} : { states: [state] }) },
        { limit, after: cursor },
      )
      response.json(toPage(letters, limit, letterKey, viewLetter))
    },
  })

  serve(router, '/operations/dead-letters/reprocess', {
    post: [
      jsonBody({ required: true }),
      async (request, response) => {
        const { reason = NO_REASON, ...choice } = parseBody(
          reprocessManyRequest,
          request.body,
          'INVALID_REQUEST',
        )
        const accepted = await deadLetters.reprocessMany(choice, { actor: callerOf(request), reason })
        response.status(202).json({ status: 'accepted', accepted })
      },
    ],
  })

  serve(router, '/operations/dead-letters/:id', {
    get: async (request, response) => {
      parseQuery(noQuery, request.query)
      const letter = await deadLetters.find(idOf(request))
      if (letter === undefined) throw notFound()
      const { envelope, ...rest } = letter
      response.json({ ...viewLetter(rest), event: envelope })
    },
  })

  serve(router, '/operations/dead-letters/:id/reprocess', {
    post: [
      jsonBody({ required: false }),
      async (request, response) => {
        const { reason = NO_REASON } = parseBody(reprocessRequest, request.body, 'INVALID_REQUEST')
        answerVerdict(await deadLetters.reprocess(idOf(request), { actor: callerOf(request), reason }))
        response.status(202).json({ status: 'accepted' })
      },
    ],
  })

  serve(router, '/operations/dead-letters/:id/discard', {
    post: [
      jsonBody({ required: true }),
      async (request, response) => {
        const { reason } = parseBody(discardRequest, request.body, 'INVALID_REQUEST')
        answerVerdict(await deadLetters.discard(idOf(request), { actor: callerOf(request), reason }))
        response.status(202).json({ status: 'accepted' })
      },
    ],
  })

  return router
}

function idOf(request: Request): string {
  const id = String(request.params['id'])
  if (!isUuid(id)) throw notFound()
  return id.toLowerCase()
}

const notFound = () =>
  new HttpProblem('DEAD_LETTER_NOT_FOUND', 'There is none with this id: it may have been applied.')

function answerVerdict(verdict: LetterVerdict): void {
  switch (verdict) {
    case 'accepted':
      return
    case 'unknown':
      throw notFound()
    case 'not_parked':
      throw new HttpProblem(
        'DEAD_LETTER_NOT_PARKED',
        'It waits behind another of its stream, is discarded, or is no event, which can only be discarded.',
      )
  }
}

function viewLetter({ createdAt, ...letter }: DeadLetter) {
  return {
    ...letter,
    createdAt: createdAt.toISOString(),
    firstFailedAt: letter.firstFailedAt?.toISOString() ?? null,
    lastFailedAt: letter.lastFailedAt?.toISOString() ?? null,
    nextAttemptAt: letter.nextAttemptAt?.toISOString() ?? null,
  }
}
