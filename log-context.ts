import { AsyncLocalStorage } from 'node:async_hooks'

/** What every line says that is logged in the course of one request, or of one attempt. */
export interface LogContext {
  /** What the client got in `X-Request-Id`. */
  readonly requestId?: string
  /** What it is about, where that is a saga. */
  readonly orderId?: string
  readonly transferId?: string
  readonly returnId?: string
  readonly activity?: string
}

const current = new AsyncLocalStorage<LogContext>()

/** Does `work`, and whatever it begins, with these fields in each line that is logged meanwhile. */
export const withLogContext = <T>(fields: LogContext, work: () => T): T =>
  current.run({ ...current.getStore(), ...fields }, work)

export const logContext = (): LogContext => current.getStore() ?? {}
