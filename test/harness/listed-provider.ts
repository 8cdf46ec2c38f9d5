import type { ProviderHttp } from '../../domain/provider/http.ts'

/** An effect at a provider of the test's own. */
export interface HeldItem {
  key: string
  state: string
  amountMinor?: number
  currency?: string
  /** Milliseconds since the epoch, by the provider's clock. */
  changedAt: number
}

/** A provider that lists what it is given, and counts how it is asked: for what the sandbox does not do. */
export function createListedProvider(collection: string) {
  const items: HeldItem[] = []
  const byKey = new Map<string, HeldItem>()
  const calls = { pages: 0, keys: 0 }
  const shown = ({ changedAt, ...item }: HeldItem) => ({
    ...item,
    changedAt: new Date(changedAt).toISOString(),
  })
  const answer = (status: number, body: unknown) => ({ kind: 'ok', effect: { status, body } }) as const
  const http: ProviderHttp = async ({ path }) => {
    const { pathname, searchParams } = new URL(path, 'http://provider.test')
    const [, its, key] = pathname.split('/')
    if (its !== collection) return answer(200, { data: [], cursor: '', hasMore: false })
    if (key !== undefined) {
      calls.keys += 1
      const item = byKey.get(decodeURIComponent(key))
      return item === undefined ? answer(404, { code: 'UNKNOWN_KEY' }) : answer(200, shown(item))
    }
    calls.pages += 1
    const [from, to] = ['changedFrom', 'changedTo'].map((name) => Date.parse(searchParams.get(name) ?? ''))
    const begin = Number(
      searchParams.get('after') ?? items.findIndex(({ changedAt }) => changedAt >= (from ?? 0)),
    )
    const page =
      begin < 0 ? [] : items.slice(begin, begin + 100).filter(({ changedAt }) => changedAt < (to ?? 0))
    const hasMore = page.length === 100 && (items[begin + 100]?.changedAt ?? Infinity) < (to ?? 0)
    return answer(200, { data: page.map(shown), cursor: String(begin + page.length), hasMore })
  }
  return {
    http,
    calls,
    /** In the order of their changes. */
    add(...more: readonly HeldItem[]): void {
      for (const item of more) {
        items.push(item)
        byKey.set(item.key, item)
      }
    },
  }
}
