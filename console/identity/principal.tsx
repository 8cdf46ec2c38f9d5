import { createContext, use, useEffect, useRef, type ReactNode } from 'react'
import { api, ApiProblem } from '../api.ts'
import { Failed, Skeleton } from '../ui/states.tsx'
import { isStaff, lackOf, type Action, type Principal } from './access.ts'

const PrincipalContext = createContext<Principal | undefined>(undefined)

/** The key of the query, which is read again when the answer may have changed. */
export const ME = ['get', '/me']

/** Who is signed in. */
export function usePrincipal(): Principal {
  const principal = use(PrincipalContext)
  if (principal === undefined) throw new Error('This page does not know yet who is signed in.')
  return principal
}

/** Why who is signed in may not do something; undefined when it may. */
export function useLack(): (action: Action) => string | undefined {
  const principal = usePrincipal()
  return (action) => lackOf(principal, action)
}

export const useIsStaff = (): boolean => isStaff(usePrincipal())

/** Shows what is inside as soon as it is known to whom. */
export function Identified({ children }: { children: ReactNode }) {
  const me = api.useQuery('get', '/me')
  useNewPageForAnother(me.data)
  if (me.data !== undefined) return <PrincipalContext value={me.data}>{children}</PrincipalContext>
  // Of who is not known, the page is being left.
  const isLeaving = me.error instanceof ApiProblem && me.error.status === 401
  return (
    <main className="page">
      {me.isPending || isLeaving ? (
        <Skeleton lines={10} />
      ) : (
        <Failed error={me.error} onRetry={() => void me.refetch()} />
      )}
    </main>
  )
}

/** Another tab has signed in as another principal, or the roles have changed: nothing read before is shown on. */
function useNewPageForAnother(principal: Principal | undefined) {
  const first = useRef(principal)
  useEffect(() => {
    first.current ??= principal
    if (principal !== undefined && JSON.stringify(principal) !== JSON.stringify(first.current))
      location.reload()
  }, [principal])
}
