import type { Command } from 'commander'
import { given, type Query } from '../client.ts'
import { example, open, paged, time } from '../command.ts'

export function addAuditCommand(program: Command): void {
  const audit = program
    .command('audit')
    .description('who did what, and who was refused; newest first')
    .option('--subject <who>', 'e.g. key:shop')
    .option('--action <what>', 'a method and a path, e.g. "POST /keys"')
    .option('--from <time>', 'RFC 3339, e.g. 2026-11-27T00:00:00Z')
    .option('--to <time>', 'RFC 3339')
  paged(audit)
    .addHelpText('after', example('audit --subject key:shop --from 2026-11-27T00:00:00Z'))
    .action(async (query: Query<'/operations/audit'>, command: Command) => {
      const { client, out } = open(command)
      const page = given(await client.GET('/operations/audit', { params: { query } }))
      out.page(page, ['at', 'who', 'action', 'on', 'outcome', 'reason'], (entry) => [
        time(entry.at),
        entry.subject,
        entry.action,
        entry.target,
        entry.outcome ?? 'not known',
        entry.reason ?? 'none, or erased',
      ])
    })
}
