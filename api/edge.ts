import type { RequestHandler } from 'express'
import { isIP } from 'node:net'
import { isLoopback } from '../loopback.ts'
import { HttpProblem } from './problem.ts'

export interface EdgeOptions {
  /** By which names clients know this API; else those of loopback, and `host`. */
  allowedHosts: readonly string[]
  /** Where it listens. */
  host: string
  /** Pages of these origins may change things. */
  origins: readonly string[]
  /** Whether who shows nothing is the developer: then nobody may come through a proxy. */
  isOpen: boolean
  /** Paths that are asked for by machines that know an address alone. */
  probes: readonly string[]
}

/**
 * What is refused before anybody looks at who asks: a request for another host (a page that has bound its name to this
 * address), a change that a page of another origin asks for, and in open mode what comes through a proxy or a tunnel,
 * which would make the world the developer.
 */
export function guardEdge({ allowedHosts, host, origins, isOpen, probes }: EdgeOptions): RequestHandler {
  const names = new Set(allowedHosts.map((name) => hostNamed(name)))
  const isOurs = (name: string) =>
    names.size > 0
      ? names.has(name)
      : isLoopback(name) || name.endsWith('.localhost') || name === hostNamed(host)
  return (request, _response, next) => {
    // Only HTTP/1.0 has none, which no browser speaks.
    const name = hostNamed(hostIn(request.url) ?? request.headers.host ?? 'localhost')
    // No page can make a browser send an address that it did not name itself.
    const isProbe =
      probes.includes(request.path) && (isIP(name.replaceAll(/[[\]]/g, '')) > 0 || isLoopback(name))
    if (!isOurs(name) && !isProbe)
      throw new HttpProblem('MISDIRECTED_REQUEST', 'This API is not known by that name: see ALLOWED_HOSTS.')
    if (isOpen && Object.keys(request.headers).some((header) => /^(forwarded$|x-forwarded-)/.test(header)))
      throw new HttpProblem(
        'FORBIDDEN_PROXY',
        'This system knows no users yet, and lets in nobody who comes through a proxy: set TRUST_PROXY and a key.',
      )
    if (changes(request.method) && isFromElsewhere(request.headers, origins))
      throw new HttpProblem(
        'FORBIDDEN_ORIGIN',
        'Pages of other origins may change nothing: see CORS_ORIGINS.',
      )
    next()
  }
}

export const changes = (method: string): boolean => !['GET', 'HEAD', 'OPTIONS'].includes(method)

/** The host of a Host header, without its port, in lower case. */
export function hostNamed(header: string): string {
  const [, name = ''] = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(header.trim()) ?? [undefined, header]
  return name.toLowerCase().replace(/\.$/, '')
}

/** The host of a request for a whole URL, which counts more than its Host header (RFC 9112). */
const hostIn = (url: string): string | undefined =>
  url.startsWith('/') ? undefined : URL.canParse(url) ? new URL(url).host : ''

/** Browsers say where a request comes from; other clients say nothing. */
function isFromElsewhere(
  headers: Record<string, string | string[] | undefined>,
  origins: readonly string[],
): boolean {
  const { origin, host } = headers
  if (origin === undefined) return headers['sec-fetch-site'] === 'cross-site'
  if (typeof origin !== 'string' || origins.includes(origin)) return typeof origin !== 'string'
  if (!URL.canParse(origin)) return true
  const page = new URL(origin)
  // Here a port that goes without saying is left out, too.
  const here = `${page.protocol}//${String(host)}`
  return !URL.canParse(here) || new URL(here).host !== page.host
}
