import type { Middleware } from 'openapi-fetch'
import { isSignIn, signInPath } from './sign-in-path.ts'

/**
 * After an answer that the API does not know who asks, the page to sign in on: once, however many answers say so. It is
 * loaded anew, so nothing stays that was read or written here before.
 */
export function leadToSignIn(): Middleware {
  let isLeaving = false
  return {
    onResponse({ response }) {
      if (response.status !== 401 || isLeaving || isSignIn(location.pathname)) return
      isLeaving = true
      location.replace(signInPath(location.pathname + location.search + location.hash))
    },
  }
}
