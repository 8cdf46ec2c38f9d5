import pino, { type DestinationStream, type Logger } from 'pino'
import type { Config } from './config.ts'
import { logContext } from './log-context.ts'
import { currentTraceId } from './tracing.ts'

/** What a line may say. Each is an id, a code, a count, a time or a name of our own, or an object of those. */
const FIELDS = new Set(
  `requestId traceId orderId transferId returnId customerId sagas
   activity step code error outcome job provider breaker component why clock
   method route status port transport queues release found needed
   count failed timesBefore tookMs wentTo afterMs skewSeconds uncertaintySeconds`.split(/\s+/),
)

/**
 * A process's log: one JSON object a line, of the fields above and no others. So ids, codes and counts go in; bodies,
 * addresses, tokens, SQL and the text of foreign errors do not. Of a field that is not one of them, the name is logged.
 * @param destination where the lines go; standard output unless said otherwise.
 */
export function createLogger(
  name: string,
  { LOG_LEVEL }: Pick<Config, 'LOG_LEVEL'>,
  destination?: DestinationStream,
): Logger {
  const options = {
    name,
    level: LOG_LEVEL,
    base: { name, pid: process.pid },
    errorKey: 'error',
    mixin: () => ({ ...logContext(), ...traced() }),
    formatters: { log: allowed },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}

function traced(): { traceId?: string } {
  const traceId = currentTraceId()
  return traceId === undefined ? {} : { traceId }
}

function allowed(line: object): Record<string, unknown> {
  const fields = Object.entries(line)
  const dropped = fields.filter(([field]) => !FIELDS.has(field)).map(([field]) => field)
  return {
    ...Object.fromEntries(
      fields.filter(([field]) => FIELDS.has(field)).map(([field, value]) => [field, said(value)]),
    ),
    ...(dropped.length === 0 ? {} : { dropped }),
  }
}

const said = (value: unknown): unknown => (value instanceof Error ? describeError(value) : value)

/** What may be logged of an exception: its class and code, and where it came from, but not its text. */
export function describeError(error: unknown): { class: string; code?: string; at?: string } {
  if (!(error instanceof Error)) return { class: typeof error }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const at = error.stack
    ?.split('\n')
    .find((line) => line.startsWith('    at '))
    ?.trim()
  return { class: error.name, ...(code === undefined ? {} : { code }), ...(at === undefined ? {} : { at }) }
}

/** Trouble that lasts is logged so often, in milliseconds. */
const REPEATED_AFTER_MS = 10_000

/**
 * Logs trouble that may come many times a second while it lasts: the first of a kind at once, then one line each ten
 * seconds, with how many came since.
 * @returns a function of a constant text, which says of what kind it is, and of the error.
 */
export function createTroubleLog(log: Logger, now: () => number = () => performance.now()) {
  const kinds = new Map<string, { loggedAt: number; times: number }>()
  return (what: string, error: unknown): void => {
    const { loggedAt, times } = kinds.get(what) ?? { loggedAt: Number.NEGATIVE_INFINITY, times: 0 }
    if (now() - loggedAt < REPEATED_AFTER_MS) return void kinds.set(what, { loggedAt, times: times + 1 })
    kinds.set(what, { loggedAt: now(), times: 0 })
    log.warn({ error: describeError(error), ...(times === 0 ? {} : { timesBefore: times }) }, what)
  }
}
