import pino, { type Logger } from 'pino'
import type { Config } from './config.ts'

/**
 * A process's log: one JSON object a line. Ids, codes and counts go in; bodies, addresses, tokens, SQL and the text
 * of foreign errors do not.
 */
export function createLogger(name: string, { LOG_LEVEL }: Pick<Config, 'LOG_LEVEL'>): Logger {
  return pino({ name, level: LOG_LEVEL, base: { name, pid: process.pid } })
}

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
