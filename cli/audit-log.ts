import Table from 'cli-table3'
import { program } from 'commander'
import { callApi, print, run } from './call-api.ts'

interface Entry {
  at: string
  subject: string
  action: string
  target: string
  reason: string | null
  outcome: string | null
}

interface Filter {
  subject?: string
  action?: string
  from?: string
  to?: string
}

program
  .name('npm run audit-log --')
  .description('Who did what, and who was refused; newest first.')
  .option('--subject <who>', 'e.g. key:shop')
  .option('--action <what>', 'a method and a path, e.g. "POST /keys"')
  .option('--from <time>', 'RFC 3339, e.g. 2026-11-27T00:00:00Z')
  .option('--to <time>', 'RFC 3339')
  .action(async (filter: Filter) => {
    const query = new URLSearchParams({ limit: '100', ...filter })
    const { data, nextCursor } = await callApi<{ data: Entry[]; nextCursor: string | null }>(
      'GET',
      `/operations/audit?${query.toString()}`,
    )
    const table = new Table({
      head: ['at', 'who', 'action', 'on', 'outcome', 'reason'],
      style: { head: [], border: [] },
    })
    for (const { at, subject, action, target, outcome, reason } of data)
      table.push([at, subject, action, target, outcome ?? 'not known', reason ?? 'none, or erased'])
    print(data.length === 0 ? 'None.' : table.toString())
    if (nextCursor !== null) print('There are more: narrow it down.')
  })

await run(() => program.parseAsync())
