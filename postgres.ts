import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import pg from 'pg'
import { TAKES_NO_WRITES } from './faults.ts'

/**
 * The one place that opens connections to PostgreSQL. Every session has the same limits and is in UTC, whatever the
 * server, the database or the role says: the driver adapter of Prisma writes dates as UTC digits without a zone, and
 * takes the digits that it reads for UTC.
 */
export interface SessionOptions {
  /** As PostgreSQL shows it in `pg_stat_activity`. */
  name: string
  /** PostgreSQL gives a statement up after this time, in milliseconds; 3000 unless said otherwise, 0 for never. */
  statementTimeoutMs?: number
  /**
   * A server that does not take the connection within this time is away; 3000 unless said otherwise, in milliseconds.
   */
  connectTimeoutMs?: number
  /** More settings of the session, by name. */
  settings?: Readonly<Record<string, string>>
}

/** For jobs that run before anything else does: they take the time that a busy machine needs. */
export const PATIENT = { statementTimeoutMs: 0, connectTimeoutMs: 30_000 }

/** To ask whether the database answers at all, and to know soon. */
export const PROBE = { statementTimeoutMs: 1000, connectTimeoutMs: 1000, max: 1 }

/**
 * For sessions that look everything up by key. A statement is planned once per connection, also when a table is still
 * empty; the plan must be the one that is right when the table is large.
 */
export const LOOKS_UP_BY_KEY = { enable_seqscan: 'off', jit: 'off' }

/**
 * For sessions that search by filters of which most are left out, and whose values differ widely in how much they find. One
 * plan for all values would read a whole table for a value that is not there; to plan takes less than a millisecond.
 */
export const PLANNED_FOR_ITS_VALUES = { plan_cache_mode: 'force_custom_plan' }

const STATEMENT_TIMEOUT_MS = 3000

/**
 * PostgreSQL hangs up on a session that leaves its transaction idle for this long, or an answer unread: its process has
 * frozen, and holds locks that its successor waits for. Between two statements healthy work takes milliseconds, that of
 * a rebuild too. No other limit of PostgreSQL reaches a session that waits for its client to read on.
 */
const FROZEN_AFTER_MS = 15_000

/** A server that is this late to give a statement up does not answer at all: the connection is destroyed then. */
const ANSWER_GRACE_MS = 2000

const CONNECT_TIMEOUT_MS = 3000

/** By this setting a session is known that reaches the server with its settings. */
const OWN = { 'ordersaga.session': 'own' }

const POOLER =
  'a pooler in front of PostgreSQL, such as PgBouncer, does not pass on the settings of sessions, on which their limits ' +
  'and their time zone rest: name the server itself in DATABASE_URL'

export const isPooler = (error: unknown): boolean => error instanceof Error && error.message === POOLER

/**
 * Connects a session that is the first of its process.
 * @throws Error that says what to do when a pooler refuses its settings, or drops them.
 */
export async function connectFirst(session: pg.Client): Promise<void> {
  await session.connect().catch((error: unknown) => {
    const isRefused = error instanceof Error && error.message.includes('unsupported startup parameter')
    throw isRefused ? new Error(POOLER, { cause: error }) : error
  })
  const { rows } = await session.query<{ kept: string | null }>(
    `SELECT current_setting('ordersaga.session', true) AS kept`,
  )
  if (rows[0]?.kept !== OWN['ordersaga.session']) throw new Error(POOLER)
}

/** What every connection is opened with. Settings that the URL itself carries in `options` stay, but for ours. */
export function sessionConfig(
  url: string,
  {
    name,
    statementTimeoutMs = STATEMENT_TIMEOUT_MS,
    connectTimeoutMs = CONNECT_TIMEOUT_MS,
    settings = {},
  }: SessionOptions,
): pg.ClientConfig {
  const target = new URL(url)
  const given = target.searchParams.get('options')
  // The driver would let the URL's options replace ours.
  if (given !== null) target.searchParams.delete('options')
  // The driver does not send a limit of 0; the database or the role may have one.
  const unlimited = statementTimeoutMs === 0 ? { statement_timeout: '0' } : {}
  const frozen = { tcp_user_timeout: String(FROZEN_AFTER_MS) }
  const ours = Object.entries({ ...frozen, ...settings, ...unlimited, timezone: 'UTC', ...OWN }).map(
    ([key, value]) => `-c ${key}=${value}`,
  )
  return {
    connectionString: given === null ? url : target.href,
    application_name: name,
    options: [given ?? '', ...ours].join(' ').trim(),
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: FROZEN_AFTER_MS,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  }
}

export interface PoolOptions extends SessionOptions {
  /** Connections at most. */
  max: number
}

/** A pool for plain SQL. A `bigint` comes as a number, also below; one that is not exact throws RangeError. */
export function openPool(url: string, { max, ...session }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({ ...sessionConfig(url, session), max, types: exactNumbers() })
  // A connection that is lost while idle is replaced when one is needed.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => watch(client as unknown as Watched, session))
  OPEN.add({ pool, name: session.name, max })
  return pool
}

const OPEN = new Set<{ pool: pg.Pool; name: string; max: number }>()

/** How the pools of this process fare, by name: connections that work, that are open and that there may be; who waits. */
export function poolUse() {
  const byName = new Map<string, { busy: number; open: number; max: number; waiting: number }>()
  for (const entry of OPEN) {
    const { pool, name, max } = entry
    if (pool.ended) OPEN.delete(entry)
    else {
      const use = byName.get(name) ?? { busy: 0, open: 0, max: 0, waiting: 0 }
      use.busy += pool.totalCount - pool.idleCount
      use.open += pool.totalCount
      use.max += max
      use.waiting += pool.waitingCount
      byName.set(name, use)
    }
  }
  return byName
}

/** What the driver has and its types do not. */
type Watched = pg.Client & {
  connection: EventEmitter & { stream: Socket }
  readyForQuery: boolean
  _ending: boolean
}

function watch(session: Watched, { statementTimeoutMs = STATEMENT_TIMEOUT_MS }: SessionOptions): void {
  endWhenDemoted(session)
  if (statementTimeoutMs !== 0) destroyWhenSilent(session, statementTimeoutMs + ANSWER_GRACE_MS)
}

/**
 * A server that has frozen, or a line that swallows everything, neither answers nor hangs up. Giving up the statement
 * alone (`query_timeout`) would leave a busy connection in the pool; destroyed, it fails all that waits on it, as a
 * connection that was lost. It does not confirm the end of a session either, for which pools wait. An answer that comes
 * slowly is waited for as long as its bytes move, and one that came while this process was busy is read first: timers
 * run before sockets are read.
 */
function destroyWhenSilent(session: Watched, answerTimeoutMs: number): void {
  const { stream } = session.connection
  stream.setTimeout(answerTimeoutMs)
  stream.on('timeout', () => {
    const { bytesRead } = stream
    setImmediate(() => {
      const isSilent = stream.bytesRead === bytesRead
      if (isSilent && (!session.readyForQuery || session._ending)) stream.destroy()
    })
  })
}

/**
 * A server that takes no writes was demoted by a failover, and answers as if nothing were: its connection is ended, so
 * that the next one may reach its successor.
 */
function endWhenDemoted(session: Watched): void {
  session.connection.on('errorMessage', ({ code }: { code?: string }) => {
    if (code === TAKES_NO_WRITES) session.end().catch(() => undefined)
  })
}

/** One connection, not yet connected, for what must stay on it: a session lock, a migration. */
export function openSession(url: string, session: SessionOptions): pg.Client {
  const client = new pg.Client({ ...sessionConfig(url, session), types: exactNumbers() })
  client.once('connect', () => watch(client as Watched, session))
  return client
}

function exactNumbers(): pg.TypeOverrides {
  const types = new pg.TypeOverrides()
  types.setTypeParser(pg.types.builtins.INT8, toSafeInteger)
  return types
}

function toSafeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError('A number is too large to be exact')
  return value
}
