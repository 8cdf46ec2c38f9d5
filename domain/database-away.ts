import { isNetworkCode } from './errors.ts'

/**
 * Whether an exception says that the database could not be reached, or went away in the middle: nobody's fault, and
 * no reason to give anything up. What was under way may have been committed all the same.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  if (isNetworkCode(code) || PRISMA_AWAY.test(code) || POOL_MESSAGES.test(error.message)) return true
  const { kind = '', originalCode = '' } = adapterCause(error)
  if (AWAY_KINDS.has(kind) || AWAY_STATES.test(originalCode)) return true
  return error.cause !== undefined && isDatabaseAway(error.cause)
}

/** P1xxx are connection errors, P2024 a pool without a free connection. */
const PRISMA_AWAY = /^P1\d{3}$|^P2024$/

/** The pool and the protocol of the driver say it in words alone. */
const POOL_MESSAGES = /^Connection terminated|timeout exceeded when trying to connect|^Query read timeout/

/** As the driver adapter names them. */
const AWAY_KINDS = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
])

/** SQLSTATE: connection exceptions, too many connections, and a server that shuts down, crashed or starts. */
const AWAY_STATES = /^08|^53300$|^57P0[123]$/

/** The SQLSTATE of an error of the database's own; undefined for any other. */
export const sqlStateOf = (error: unknown): string | undefined =>
  error instanceof Error ? adapterCause(error).originalCode : undefined

function adapterCause(error: Error): { kind?: string; originalCode?: string } {
  const meta =
    'meta' in error ? (error.meta as { driverAdapterError?: { cause?: object } } | undefined) : undefined
  return meta?.driverAdapterError?.cause ?? {}
}
