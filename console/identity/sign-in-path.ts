const BASE = '/console/'
const SIGN_IN = `${BASE}sign-in`

/** The page to sign in on. @param from the path to come back to. */
export const signInPath = (from?: string): string =>
  from === undefined ? SIGN_IN : `${SIGN_IN}?${new URLSearchParams({ next: from }).toString()}`

export const isSignIn = (pathname: string): boolean => pathname === SIGN_IN

/**
 * Where to go on after signing in: as the URL asks, if that is a page of the console. Anybody can make a link with an
 * address of their own in it: everything else leads to the first page.
 */
export function pathAfter(next: string | undefined, origin: string): string {
  if (next === undefined || !next.startsWith('/') || !URL.canParse(next, origin)) return BASE
  const { origin: where, pathname, search, hash } = new URL(next, origin)
  return where === origin && pathname.startsWith(BASE) && !isSignIn(pathname)
    ? pathname + search + hash
    : BASE
}
