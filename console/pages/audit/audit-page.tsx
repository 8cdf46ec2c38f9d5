import { Link, useSearch } from '@tanstack/react-router'
import { api } from '../../api.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { More } from '../../ui/more.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { AuditFilter } from './audit-filter.tsx'
import { AuditTable } from './audit-table.tsx'
import './audit.css'

const PAGE_ROWS = 50

/** Who did what, newest first. */
export function Page() {
  const search = useSearch({ from: '/audit' })
  const entries = api.useInfiniteQuery(
    'get',
    '/operations/audit',
    { params: { query: { ...search, limit: PAGE_ROWS } } },
    { initialPageParam: null, getNextPageParam: ({ nextCursor }) => nextCursor },
  )
  return (
    <>
      <PageHead
        title="Audit"
        lead="Who did what, and who was refused. It is written before it is done, and never changed."
      />
      <AuditFilter key={JSON.stringify(search)} search={search} />
      <section className="panel" aria-label="Entries found">
        <Read of={entries} lines={12}>
          {({ pages }) => {
            const found = pages.flatMap(({ data }) => data)
            return found.length === 0 ? (
              <Empty title="No entry fits.">
                <Link to="/audit">Show all of them</Link>
              </Empty>
            ) : (
              <AuditTable entries={found} />
            )
          }}
        </Read>
        <More of={entries} />
      </section>
    </>
  )
}
