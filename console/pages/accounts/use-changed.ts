import { useQueryClient } from '@tanstack/react-query'
import { api, type Account } from '../../api.ts'

/** Shows an account as a change has answered it: the next change is made on that version. */
export function useChanged() {
  const queries = useQueryClient()
  return (account: Account) => {
    const { queryKey } = api.queryOptions('get', '/accounts/{id}', { params: { path: { id: account.id } } })
    queries.setQueryData(queryKey, account)
    void queries.invalidateQueries()
  }
}
