import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { client } from '../../api.ts'
import type { Letter } from './letter.ts'
import type { DeadLetterSearch } from './search.ts'

/** As many as one reprocessing takes up. */
export const LETTERS_MAX = 1000
const PAGE = 100

export interface Letters {
  letters: Letter[]
  /** There are more than are read. */
  isCut: boolean
}

/** The dead letters that fit, oldest first: all of them, so that their groups are whole. */
export const useLetters = (search: DeadLetterSearch) =>
  useQuery({
    queryKey: ['get', '/operations/dead-letters', { params: { query: search } }, 'all'],
    queryFn: ({ signal }) => readLetters(search, signal),
    placeholderData: keepPreviousData,
  })

async function readLetters(search: DeadLetterSearch, signal: AbortSignal): Promise<Letters> {
  const letters: Letter[] = []
  let cursor: string | undefined
  do {
    const query = { ...search, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) }
    const { data } = await client.GET('/operations/dead-letters', { params: { query }, signal })
    letters.push(...(data?.data ?? []))
    cursor = data?.nextCursor ?? undefined
  } while (cursor !== undefined && letters.length < LETTERS_MAX)
  return { letters, isCut: cursor !== undefined }
}
