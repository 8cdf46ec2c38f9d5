import type { RequestHandler } from 'express'
import type { Registry } from 'prom-client'
import type { Database } from '../../prisma/client.ts'
import { createAuditLog } from './audit-log.ts'
import { rememberCaller } from './caller.ts'
import { HttpProblem } from '../problem.ts'
import { endedCookie } from './cookie.ts'
import { createIdentify } from './identify.ts'
import { createKeys } from './keys.ts'
import { createKeySet, readerOf, type KeySetPlace } from './key-set.ts'
import { createRefusals } from './refusals.ts'
import { createSessions } from './sessions.ts'
import { createTokens, type TokenOptions } from './tokens.ts'

export interface IdentityWiring {
  db: Database
  metrics: Registry
  /** Whether who shows nothing is the developer. */
  isOpen: boolean
  bootstrapKey?: string | undefined
  /** Who issues tokens, and where its public keys are read. */
  issuer?: (Omit<TokenOptions, 'keySet'> & KeySetPlace) | undefined
  /** Refusals of a kind that are recorded in a minute; the rest is counted. */
  refusalsAMinute?: number
  /** Called with what went wrong. `what` is a constant text, for the log. */
  onTrouble: (what: string, error: unknown) => void
}

const REFUSALS_A_MINUTE = 100

/** Who may do what, and a record of it. */
export function createIdentity({
  db,
  metrics,
  isOpen,
  bootstrapKey,
  issuer,
  refusalsAMinute = REFUSALS_A_MINUTE,
  onTrouble,
}: IdentityWiring) {
  const audit = createAuditLog({ db })
  const keys = createKeys({ db, bootstrapKey, onTrouble })
  const sessions = createSessions({ db, keys })
  const tokens =
    issuer === undefined
      ? undefined
      : createTokens({ ...issuer, keySet: createKeySet(readerOf(issuer), onTrouble) })
  const identify = createIdentify({ keys, sessions, tokens, isOpen })
  const requireKnown: RequestHandler = async (request, response, next) => {
    const credential = await identify(request).catch((error: unknown) => {
      // A browser would show it again and again, also where none is needed.
      if (error instanceof HttpProblem && error.because === 'session')
        response.append('set-cookie', endedCookie(request.headers.host))
      throw error
    })
    rememberCaller(request, credential)
    next()
  }
  return {
    isOpen,
    audit,
    keys,
    sessions,
    requireKnown,
    onRefused: createRefusals({ audit, metrics, recordedAMinute: refusalsAMinute, onTrouble }),
    onTrouble,
  }
}

export type Identity = ReturnType<typeof createIdentity>
