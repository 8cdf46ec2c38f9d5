import { CommanderError } from 'commander'
import { ApiProblem, Unreachable } from './client.ts'

/** The exit codes, which docs/cli.md lists. */
export const EXIT = {
  fine: 0,
  failed: 1,
  usage: 2,
  unavailable: 3,
  notAllowed: 4,
  notFound: 5,
  interrupted: 130,
} as const

/** The command was not used as its help says. */
export class UsageError extends Error {}

/** A command that has done its work, and whose answer is no. */
export class Failed extends Error {}

/** Ctrl-C. */
export class Interrupted extends Error {}

/** Statuses of an API that is there and cannot serve at present: the same request may succeed later. */
const UNAVAILABLE = new Set([429, 502, 503, 504])

export function codeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage
  if (error instanceof UsageError) return EXIT.usage
  if (error instanceof Unreachable) return EXIT.unavailable
  if (error instanceof Interrupted) return EXIT.interrupted
  if (!(error instanceof ApiProblem)) return EXIT.failed
  if (error.status === 401 || error.status === 403) return EXIT.notAllowed
  if (error.status === 404) return EXIT.notFound
  return UNAVAILABLE.has(error.status) ? EXIT.unavailable : EXIT.failed
}

/** What is printed of a failure: what is wrong, and what to do where that is known. Empty for Commander's own. */
export function describeFailure(error: unknown): string {
  if (error instanceof CommanderError) return ''
  if (!(error instanceof ApiProblem)) return error instanceof Error ? error.message : String(error)
  const { status, code, message, errors } = error
  const lines = [
    `${status} ${code}: ${message}`,
    ...errors.map(({ pointer, detail }) => `  ${pointer} ${detail}`),
  ]
  if (status === 401)
    lines.push('Set ORDER_SAGA_KEY to a key of yours, or write it to ~/.config/order-saga/key with mode 600.')
  if (status === 403) lines.push('order-saga doctor shows the roles of your key.')
  return lines.join('\n')
}
