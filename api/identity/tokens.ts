import { errors, jwtVerify, type JWTPayload } from 'jose'
import { CUSTOMER_ID } from '../parts.ts'
import type { KeySet, LocalKeySet } from './key-set.ts'
import { ROLES, type Principal } from './principal.ts'

/** Signed with a key pair: with what checks a token none can be made. */
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA']

const SKEW_SECONDS = 60

/** As long as a token that we look at may be. */
const TOKEN_MAX = 8192

/** A subject is shown and stored: no control characters. */
const SUBJECT = /^[^\p{C}]{1,255}$/u

export interface TokenOptions {
  keySet: KeySet
  issuer: string
  audience: string
  /** The names of claims; `realm_access.roles` is also a way into an object. */
  rolesClaim: string
  customerClaim: string
}

/** JSON Web Tokens (RFC 7519) of one issuer, checked by its public keys. */
export function createTokens({ keySet, issuer, audience, rolesClaim, customerClaim }: TokenOptions) {
  const options = {
    issuer,
    audience,
    algorithms: ALGORITHMS,
    clockTolerance: SKEW_SECONDS,
    requiredClaims: ['exp', 'sub'],
  }
  const verify = async (token: string, keys: LocalKeySet): Promise<JWTPayload> => {
    try {
      return (await jwtVerify(token, keys, options)).payload
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
      // It does not say which key it was signed with.
      for await (const key of error) {
        const payload = await jwtVerify(token, key, options).then((verified) => verified.payload, onlyWrong)
        if (payload !== undefined) return payload
      }
      throw new errors.JWSSignatureVerificationFailed()
    }
  }
  const verifyNewer = async (token: string, error: unknown): Promise<JWTPayload> => {
    const newer = error instanceof errors.JWKSNoMatchingKey ? await keySet.getNewer() : undefined
    if (newer === undefined) throw error
    return verify(token, newer)
  }
  return {
    /**
     * Whose token it is; undefined for one whose signature, issuer, audience or times are wrong.
     * @throws HttpProblem (503) while the issuer's keys are not known.
     */
    async check(token: string): Promise<Principal | undefined> {
      if (token.length > TOKEN_MAX) return undefined
      const keys = await keySet.get()
      const payload = await verify(token, keys)
        .catch((error: unknown) => verifyNewer(token, error))
        .catch(onlyWrong)
      if (payload === undefined || !SUBJECT.test(payload.sub ?? '')) return undefined
      const roles = listOf(claim(payload, rolesClaim))
      const customerId = claim(payload, customerClaim)
      return {
        subject: `jwt:${issuer}#${payload.sub}`,
        roles: ROLES.filter((role) => roles.includes(role)),
        customerId: typeof customerId === 'string' && CUSTOMER_ID.test(customerId) ? customerId : undefined,
      }
    },
  }
}

export type Tokens = ReturnType<typeof createTokens>

function onlyWrong(error: unknown): undefined {
  if (error instanceof errors.JOSEError) return undefined
  throw error
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** A claim by its name, which may have dots in it, or by its way into objects. */
function claim(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name]
  return name
    .split('.')
    .reduce<unknown>(
      (value, part) => (isObject(value) && Object.hasOwn(value, part) ? value[part] : undefined),
      payload,
    )
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
