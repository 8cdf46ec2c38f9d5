import { api } from '../../api.ts'
import type { FailureGroup } from './group.ts'
import { filterOf } from './parked.ts'

const PAGE = 20

/** The parked steps of a group, longest parked first, page by page. */
export const useParked = (group: FailureGroup) =>
  api.useInfiniteQuery(
    'get',
    '/operations/parked',
    { params: { query: { ...filterOf(group), limit: PAGE } } },
    {
      initialPageParam: null,
      getNextPageParam: ({ nextCursor }) => nextCursor,
    },
  )
