/**
 * A refusal at the edge of the system: a business rule says no, and trying again would not help. Everything else
 * that is thrown is a fault. `code` is stable and upper snake case; `api/problem.ts` turns it into HTTP.
 */
export class DomainError extends Error {
  override readonly name = 'DomainError'
  readonly code: string
  /** Where in the request, as positions or names from its root, e.g. `['lines', 0, 'sku']`. */
  readonly paths: readonly (readonly (string | number)[])[]

  constructor(code: string, message: string, paths: readonly (readonly (string | number)[])[] = []) {
    super(message)
    this.code = code
    this.paths = paths
  }
}

/** A fault with a class that may be shown to operators. The text stays in the log. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: string
  /** Given by the other side: do not come back earlier, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(code: string, message: string, retryAfterMs?: number) {
    super(message)
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}

/**
 * What hinders our own database, for as long as it lasts:
 * - `away`: it cannot be reached, or hangs up. What was under way may have been committed all the same.
 * - `hindered`: it answers, and cannot do this now: full, overloaded, locked, too slow, or given up for a deadlock.
 *
 * Neither says anything about what was to be done.
 */
export type DatabaseTrouble = 'away' | 'hindered'

/** The one classifier, for errors of the driver and for those that Prisma wraps. Undefined for every other error. */
export function databaseTrouble(error: unknown): DatabaseTrouble | undefined {
  if (!(error instanceof Error)) return undefined
  const code = codeOf(error)
  const { kind = '' } = adapterCause(error)
  const state = sqlStateOf(error) ?? ''
  if (
    code === DATABASE_UNAVAILABLE ||
    NETWORK.test(code) ||
    PRISMA_AWAY.test(code) ||
    DRIVER_AWAY.test(error.message)
  )
    return 'away'
  if (AWAY_KINDS.has(kind) || AWAY_STATES.test(state)) return 'away'
  if (HINDERED_STATES.test(state) || code === PRISMA_BUSY) return 'hindered'
  return error.cause === undefined ? undefined : databaseTrouble(error.cause)
}

/** The code of a Fault for a connection that was lost, or could not be had. */
export const DATABASE_UNAVAILABLE = 'DATABASE_UNAVAILABLE'

/** The SQLSTATE of an error that PostgreSQL answered with; undefined for any other. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { originalCode } = adapterCause(error)
  if (originalCode !== undefined) return originalCode
  return 'severity' in error ? codeOf(error) : undefined
}

/** Codes of Node's network: another machine, or the name of it, could not be reached. */
const NETWORK = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOST|ENET)/

/** Prisma: P1xxx are connection errors, P2024 a pool without a free connection. */
const PRISMA_AWAY = /^P1\d{3}$|^P2024$/

/** Prisma: no interactive transaction could begin in time. */
const PRISMA_BUSY = 'P2028'

/** The pool and the protocol of the driver say it in words alone. */
const DRIVER_AWAY =
  /^Connection terminated|timeout exceeded when trying to connect|^timeout expired|^Query read timeout|^Client has encountered a connection error/

/** As the driver adapter of Prisma names them. */
const AWAY_KINDS = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
])

/** SQLSTATE: connection exceptions, too many connections, and a server that shuts down, crashed or starts. */
const AWAY_STATES = /^08|^53300$|^57P0[123]$/

/** SQLSTATE: deadlocks, too few resources, cancelled statements, system errors, locks and idle limits. */
const HINDERED_STATES = /^(40|53|57|58|XX)[0-9A-Z]{3}$|^55P03$|^25P03$/

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : '')

function adapterCause(error: Error): { kind?: string; originalCode?: string } {
  const meta =
    'meta' in error ? (error.meta as { driverAdapterError?: { cause?: object } } | undefined) : undefined
  return meta?.driverAdapterError?.cause ?? {}
}
