import type { Request } from 'express'
import type { Credential } from './identify.ts'
import { NOBODY } from './principal.ts'

const callers = new WeakMap<Request, Credential>()

const UNKNOWN: Credential = { principal: NOBODY, isGood: async () => true }

export const rememberCaller = (request: Request, credential: Credential): void =>
  void callers.set(request, credential)

/** Who makes this request: `nobody`, until it is known. */
export const callerOf = (request: Request): Credential => callers.get(request) ?? UNKNOWN
