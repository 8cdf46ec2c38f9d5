import type { Request, Response } from 'express'
import type { z } from 'zod'
import type { Bound } from './back-pressure.ts'
import type { Principal } from './identity/principal.ts'
import type { ProblemCode } from './problem.ts'

/**
 * A route and its contract in one: the request is checked by it, the answer is typed by it, Express serves it
 * (`mount.ts`) and the OpenAPI document describes it (`document.ts`).
 */
export interface Contract {
  method: 'get' | 'post' | 'put' | 'delete'
  /** As OpenAPI writes it, e.g. `/orders/{id}`. */
  path: string
  summary: string
  /** What the path names. */
  params?: z.ZodObject
  /** The problem when it names nothing that can be. */
  absent?: ProblemCode
  /** Query parameters; none unless said otherwise. Unknown ones are always refused. */
  query?: z.ZodType
  headers?: Headers
  body?: z.ZodType
  /** A request without a body is one with an empty object. */
  isBodyOptional?: boolean
  /** The problem when the body is not as `body` says. */
  invalid?: ProblemCode
  /** By status: how a request succeeds. */
  answers: Answers
  /** Problems besides those that follow from the above. */
  problems?: readonly ProblemCode[]
  /** Requests at once. */
  bound?: Bound
  /** Asked by machines, all the time: neither limited nor dependent on anything. */
  isProbe?: boolean
}

type Headers = Readonly<Record<string, HeaderRule>>

export interface HeaderRule {
  schema: z.ZodType
  description: string
  /** The problem when it is not there; without one, it need not be. */
  missing?: ProblemCode
  invalid: ProblemCode
}

export type Answers = Readonly<Record<number, Answer>>

/** JSON, server-sent events with JSON as their data, or nothing. */
export type Answer =
  | { description: string; schema: z.ZodType; headers?: z.ZodObject }
  | { description: string; isStream: true; data: z.ZodType }
  | { description: string }

/** An answer. @param body as the schema of this status says; nothing where it has none. */
export const reply = <Status extends number, Body>(
  status: Status,
  body?: Body,
  headers: Readonly<Record<string, string>> = {},
) => ({ status, body: body as Body, headers })

/** What a handler returns: one of the answers of its contract. */
export type Reply<A extends Answers> = {
  [Status in keyof A & number]: A[Status] extends { schema: infer Schema extends z.ZodType }
    ? {
        status: Status
        body: z.input<Schema>
        headers?: Readonly<Record<string, string>>
        /** Done when the answer has been sent. */
        after?: () => void
      }
    : A[Status] extends { isStream: true }
      ? { status: Status; stream: Stream }
      : { status: Status; headers?: Readonly<Record<string, string>> }
}[keyof A & number]

/** Sends events until there are no more, or the client has left. */
export type Stream = (request: Request, response: Response) => Promise<void>

/** A request that is as its contract says. */
export interface Call<Params, Query, Headers, Body> {
  params: Params
  query: Query
  headers: Headers
  body: Body
  /** The body as it was sent: without what its schema fills in. */
  sent: object
  /** Who asks. */
  principal: Principal
  from: From
}

/** What is no part of the contract: what a browser sends by itself, and what we add. */
export interface From {
  /** What names this request in the log, the record and the answer. */
  requestId: string
  /** The Host and Cookie headers. */
  host: string | undefined
  cookie: string | undefined
}

/** A contract with what serves it. Its types are checked where it is defined. */
export interface Endpoint extends Contract {
  handle(call: unknown): Promise<AnyReply>
}

export interface AnyReply {
  status: number
  body?: unknown
  headers?: Readonly<Record<string, string>>
  after?: () => void
  stream?: Stream
}

interface Definition<
  A extends Answers,
  P extends z.ZodObject,
  Q extends z.ZodType,
  H extends Headers,
  B extends z.ZodType,
> extends Contract {
  params?: P
  query?: Q
  headers?: H
  body?: B
  answers: A
  /** Throws `HttpProblem` or `DomainError` for a problem, which must be in the contract. */
  handle: (
    call: Call<z.output<P>, z.output<Q>, { [Name in keyof H]: z.output<H[Name]['schema']> }, z.output<B>>,
  ) => Promise<Reply<A>>
}

/** Defines an endpoint, and checks that what serves it fits its contract. */
export function endpoint<
  A extends Answers,
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodType = z.ZodNever,
  H extends Headers = Headers,
  B extends z.ZodType = z.ZodNever,
>(definition: Definition<A, P, Q, H, B>): Endpoint {
  return definition
}
