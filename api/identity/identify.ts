import type { Request } from 'express'
import { HttpProblem } from '../problem.ts'
import { cookieIn } from './cookie.ts'
import type { Keys } from './keys.ts'
import { DEVELOPER, type Principal } from './principal.ts'
import type { Sessions } from './sessions.ts'
import type { Tokens } from './tokens.ts'

/** Who makes a request, by what it shows. */
export interface Credential {
  principal: Principal
  /** Whether it is good still: a stream lasts longer than a request. */
  isGood: () => Promise<boolean>
}

export interface IdentityOptions {
  keys: Keys
  sessions: Sessions
  /** Of the issuer, where there is one. */
  tokens: Tokens | undefined
  /** Whether who shows nothing is the developer. */
  isOpen: boolean
}

export type Identify = (request: Request) => Promise<Credential>

/** Why a request was refused: for the record and the metric, never with what was shown. */
export type RefusedBecause = 'missing' | 'scheme' | 'key' | 'token' | 'session'

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i

/** Finds out who makes a request. It throws HttpProblem (401) for who cannot be known. */
export function createIdentify({ keys, sessions, tokens, isOpen }: IdentityOptions): Identify {
  const byKey = async (text: string): Promise<Credential> => {
    const key = await keys.check(text)
    if (key === undefined) throw refused('key')
    const { id, hash, principal } = key
    return { principal, isGood: async () => (await keys.find(id, hash)) !== undefined }
  }
  const byToken = async (text: string): Promise<Credential> => {
    const check = async () => tokens?.check(text)
    const principal = await check()
    if (principal === undefined) throw refused('token')
    return { principal, isGood: async () => (await check()) !== undefined }
  }
  const bySession = async (token: string): Promise<Credential> => {
    const find = () => sessions.find(token)
    const key = await find()
    if (key === undefined) throw refused('session')
    return { principal: key.principal, isGood: async () => (await find()) !== undefined }
  }
  return async (request) => {
    const [authorization, ...others] = request.headersDistinct['authorization'] ?? []
    if (authorization !== undefined) {
      if (others.length > 0) throw refused('scheme')
      const [, text] = BEARER.exec(authorization) ?? []
      if (text === undefined) throw refused('scheme')
      return text.startsWith('os_') ? byKey(text) : byToken(text)
    }
    const cookie = cookieIn(request.headers.cookie)
    if (cookie !== undefined) return bySession(cookie)
    if (isOpen) return { principal: DEVELOPER, isGood: async () => true }
    throw refused('missing')
  }
}

export function refused(because: RefusedBecause): HttpProblem {
  const detail =
    because === 'missing'
      ? 'Send a credential: `Authorization: Bearer`, with a key or a token.'
      : 'This key, token or session is not valid, or has expired.'
  return new HttpProblem('UNAUTHENTICATED', detail, [], because)
}
