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
 * Whether an error says that our own database cannot do it at present: it cannot be reached, hangs up, takes no writes,
 * is full, overloaded, locked or too slow, or gave up for a deadlock. That says nothing about what was to be done,
 * which may have been committed all the same. The one classifier, for errors of the driver and for those that Prisma
 * wraps.
 */
export function isDatabaseTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  const { kind = '' } = adapterCause(error)
  const state = sqlStateOf(error) ?? ''
  return (
    code === DATABASE_UNAVAILABLE ||
    NETWORK.test(code) ||
    PRISMA.test(code) ||
    DRIVER.test(error.message) ||
    ADAPTER_KINDS.has(kind) ||
    STATES.test(state) ||
    isDatabaseTrouble(error.cause)
  )
}

/** The code of a Fault for a connection that was lost, or could not be had. */
export const DATABASE_UNAVAILABLE = 'DATABASE_UNAVAILABLE'

/** The code of a Fault for an event that a newer release has written. */
export const NEWER_EVENT = 'NEWER_EVENT'

/**
 * What this process does not know the meaning of, it must not guess: it waits to be replaced. `what` quotes no data.
 */
export const newerEvent = (what: string): Fault =>
  new Fault(NEWER_EVENT, `${what} is of a newer release than this process: deploy that release.`)

export const isNewerEvent = (error: unknown): boolean => error instanceof Fault && error.code === NEWER_EVENT

/** The SQLSTATE of an error that PostgreSQL answered with; undefined for any other. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { originalCode } = adapterCause(error)
  if (originalCode !== undefined) return originalCode
  return 'severity' in error ? codeOf(error) : undefined
}

/** Codes of Node's network: another machine, or the name of it, could not be reached. */
const NETWORK = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOST|ENET)/

/**
 * Prisma: P1xxx are connection errors; P2024 a pool without a free connection, P2028 an interactive transaction
 * without.
 */
const PRISMA = /^P1\d{3}$|^P20(24|28)$/

/** The pool and the protocol of the driver say it in words alone. */
const DRIVER =
  /^Connection terminated|timeout exceeded when trying to connect|^timeout expired|^Query read timeout|^Client has encountered a connection error/

/** As the driver adapter of Prisma names them. */
const ADAPTER_KINDS = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
])

/** SQLSTATE of a server that takes no writes: a standby, or a primary that was demoted. */
export const TAKES_NO_WRITES = '25006'

/**
 * SQLSTATE: connection exceptions, deadlocks, too few resources, cancelled statements, a server that starts or stops,
 * system errors, locks, idle limits, and a server that takes no writes.
 */
const STATES = new RegExp(`^(08|40|53|57|58|XX)[0-9A-Z]{3}$|^55P03$|^25P03$|^${TAKES_NO_WRITES}$`)

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : '')

function adapterCause(error: Error): { kind?: string; originalCode?: string } {
  const meta =
    'meta' in error ? (error.meta as { driverAdapterError?: { cause?: object } } | undefined) : undefined
  return meta?.driverAdapterError?.cause ?? {}
}
