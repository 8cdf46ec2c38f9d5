import { keepPreviousData } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api.ts'
import type { OrdersQuery, OrdersSearch } from './search.ts'

const LIMIT = 50

/**
 * A page of orders that does not move under the reader: it ends at the order that was the newest one when it was
 * opened. What has happened to its orders is read again; that newer ones have come is said, and they are shown when the
 * reader wishes.
 */
export function useOrders(search: OrdersSearch) {
  const { cursor, ...filter } = search
  const asked = filter as OrdersQuery
  const key = JSON.stringify(filter)
  const head = api.useQuery('get', '/orders', { params: { query: { ...asked, limit: 1 } } })
  const newest = head.data?.data[0]
  const [pin, setPin] = useState<{ key: string; id: string; at: string } | undefined>()
  const showNewest = () => {
    if (newest !== undefined) setPin({ key, id: newest.id, at: newest.createdAt })
  }
  // The first order of another search is taken as soon as it is known, before anything is painted.
  if (newest !== undefined && pin?.key !== key) showNewest()
  const isPinned = pin?.key === key
  const page = api.useQuery(
    'get',
    '/orders',
    {
      params: {
        query: {
          ...asked,
          limit: LIMIT,
          ...(cursor === undefined ? {} : { cursor }),
          ...(isPinned && filter.createdTo === undefined ? { createdTo: pin.at } : {}),
        },
      },
    },
    { enabled: isPinned, placeholderData: keepPreviousData },
  )
  const isEmpty = head.data !== undefined && newest === undefined
  return {
    /** Of the whole search: whether it could be read at all. */
    reading: isPinned ? page : head,
    orders: isEmpty ? [] : page.data?.data,
    nextCursor: page.data?.nextCursor ?? null,
    /** What is shown is of another search, until this one is read. */
    isStale: page.isPlaceholderData,
    hasNewer: isPinned && newest !== undefined && newest.id !== pin.id && newest.createdAt >= pin.at,
    showNewest,
  }
}
