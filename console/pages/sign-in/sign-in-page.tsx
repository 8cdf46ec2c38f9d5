import { useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiProblem, client } from '../../api.ts'
import { pathAfter } from '../../identity/sign-in-path.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { Failed } from '../../ui/states.tsx'
import './sign-in.css'

/** The cookie that stands for the key was not kept. */
const NOT_KEPT = Symbol('not kept')

/** Says who one is: with a key, which goes to the API and is kept nowhere here. */
export function Page() {
  const { next } = useSearch({ from: '/sign-in' })
  const [key, setKey] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const submit = async () => {
    setBusy(true)
    setProblem(undefined)
    try {
      await signIn(key.trim())
      // Loaded anew: nothing stays of who was here before.
      location.replace(pathAfter(next, location.origin))
    } catch (error) {
      setProblem(error)
      setBusy(false)
    }
    setKey('')
  }
  return (
    <main id="page" className="sign-in">
      <div className="panel">
        <p className="sign-in-brand">
          <img src="/console/icon.svg" alt="" />
          OrderSaga
        </p>
        <PageHead title="Sign in" lead="The console needs to know who you are." />
        <form
          className="stack"
          method="post"
          onSubmit={(event) => {
            event.preventDefault()
            void submit()
          }}
        >
          <TextField
            label="Key"
            type="password"
            hint={
              <>
                It looks like <code>os_&lt;id&gt;_&lt;secret&gt;</code>. The browser gets a cookie for it, for
                twelve hours.
              </>
            }
            value={key}
            onChange={(event) => setKey(event.target.value)}
            required
            autoFocus
          />
          {problem === undefined ? undefined : problem === NOT_KEPT ? (
            <NotKept />
          ) : (
            <Failed error={problem} />
          )}
          <div className="actions">
            <Button type="submit" look="primary" isBusy={isBusy}>
              Sign in
            </Button>
          </div>
        </form>
        <p className="soft sign-in-help">
          No key? An administrator makes one on the Keys page, or with <code>npx order-saga keys</code>. The
          first one is the <code>BOOTSTRAP_ADMIN_KEY</code> that the API was started with.
        </p>
      </div>
    </main>
  )
}

/** @throws ApiProblem when the key is refused, and NOT_KEPT when it is not but the browser has not kept the cookie. */
async function signIn(key: string): Promise<void> {
  await client.POST('/session', { body: { key } })
  await client.GET('/me').catch((error: unknown) => {
    throw error instanceof ApiProblem && error.status === 401 ? NOT_KEPT : error
  })
}

const NotKept = () => (
  <div className="failed" role="alert">
    <div>
      <p className="failed-title">The key is right, but this browser has not kept the cookie.</p>
      <p className="failed-text">
        From another machine the cookie is kept over HTTPS alone. Open the console by its HTTPS address, or on
        the machine itself by <code>http://127.0.0.1</code> with its port.
      </p>
    </div>
  </div>
)
