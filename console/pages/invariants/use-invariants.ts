import { api } from '../../api.ts'

const AGAIN_MS = 60_000

/**
 * The last answer of the invariants. A check reads every table and the providers' ledgers, so it is made once a minute
 * while a page shows it, or when it is asked for, and not after each event.
 */
export const useInvariants = () =>
  api.useQuery(
    'get',
    '/operations/invariants',
    {},
    { staleTime: 'static', gcTime: Number.POSITIVE_INFINITY, refetchInterval: AGAIN_MS },
  )
