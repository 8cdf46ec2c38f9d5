import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiProblem, client } from './api.ts'
import { leadToSignIn } from './identity/lead-to-sign-in.ts'
import { router } from './router.tsx'
import { ToastProvider } from './ui/toast.tsx'
import './ui/tokens.css'
import './ui/base.css'
import './ui/ui.css'
import './shell/shell.css'

/** What no event says, e.g. a breaker, is read again this often. */
const READ_EVERY_MS = 5000

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      refetchInterval: READ_EVERY_MS,
      // A request that is wrong stays wrong; an API that is away is asked again with the next reading.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiProblem && error.status < 500),
      retryDelay: 500,
    },
  },
})

client.use(leadToSignIn())

// A page that the browser has kept aside is that of who was signed in then.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload()
})

const root = document.querySelector('#root')
if (root === null) throw new Error('The page has no place for the console.')
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <ToastProvider>
        <RouterProvider router={router} />
      </ToastProvider>
    </QueryClientProvider>
  </StrictMode>,
)
