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

/** Codes of Node's network: another machine, or the name of it, could not be reached. */
export const isNetworkCode = (code: string): boolean =>
  /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOST|ENET)/.test(code)
