import { isLoopback } from '../../loopback.ts'
import { hostNamed } from '../edge.ts'
import { SESSION_HOURS } from './sessions.ts'

const NAME = 'ordersaga_session'

/** The token of a session in a Cookie header, or what stands in its place. */
export function cookieIn(header: string | undefined): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const [name, value = ''] = pair.trim().split('=')
    if (name === NAME) return value
  }
  return undefined
}

/** Which no script reads, and no other site sends; over plain HTTP only on this machine. */
export const sessionCookie = (host: string | undefined, token: string): string =>
  cookie(host, token, SESSION_HOURS * 3600)

export const endedCookie = (host: string | undefined): string => cookie(host, '', 0)

function cookie(host: string | undefined, value: string, seconds: number): string {
  const isHere = isLoopback(hostNamed(host ?? ''))
  return [
    `${NAME}=${value}`,
    'Path=/',
    `Max-Age=${seconds}`,
    'HttpOnly',
    'SameSite=Strict',
    ...(isHere ? [] : ['Secure']),
  ].join('; ')
}
