import { useState } from 'react'
import { client } from '../api.ts'
import { Button } from '../ui/button.tsx'
import { useToast } from '../ui/toast.tsx'
import { ROLES } from './access.ts'
import { usePrincipal } from './principal.tsx'
import { signInPath } from './sign-in-path.ts'

/** Who everybody is in open mode, without signing in. */
const DEVELOPER = 'developer'

/** Who is signed in, and the way out. */
export function Who() {
  const { subject, roles, customerId } = usePrincipal()
  const isEveryRole = ROLES.every((role) => roles.includes(role))
  return (
    <section className="who" aria-label="Signed in">
      <p className="who-subject" title={subject}>
        {subject}
      </p>
      <p className="faint">
        {isEveryRole ? 'every role' : roles.join(', ')}
        {customerId === null ? '' : ` · ${customerId}`}
      </p>
      {subject === DEVELOPER ? (
        <a className="button button-quiet" href={signInPath(location.pathname + location.search)}>
          Sign in with a key
        </a>
      ) : (
        <SignOut />
      )}
    </section>
  )
}

function SignOut() {
  const { isOpen } = usePrincipal()
  const [isBusy, setBusy] = useState(false)
  const toast = useToast()
  const signOut = async () => {
    setBusy(true)
    try {
      await client.DELETE('/session')
      // Loaded anew: nothing that was read is left. In open mode no sign-in is needed.
      location.replace(isOpen ? '/console/' : signInPath())
    } catch (error) {
      setBusy(false)
      toast(`You are still signed in: ${error instanceof Error ? error.message : String(error)}`, 'failed')
    }
  }
  return (
    <Button look="quiet" isBusy={isBusy} onClick={() => void signOut()}>
      Sign out
    </Button>
  )
}
