import type { Command } from 'commander'
import { given } from '../client.ts'
import { example, open } from '../command.ts'
import { Failed } from '../failures.ts'

export function addInvariantsCommand(program: Command): void {
  program
    .command('invariants')
    .description('check the tables, the events and the providers’ ledgers against each other')
    .addHelpText('after', example('invariants', 'invariants --json | jq ".checks[] | select(.ok | not)"'))
    .action(async (_options: unknown, command: Command) => {
      const { client, out } = open(command)
      const answer = given(await client.GET('/operations/invariants'))
      const { ok, checks } = answer
      out.answer(answer, () =>
        out.table(
          ['check', 'result', 'detail'],
          checks.map(({ name, ok, detail }) => [name, ok ? 'ok' : 'wrong', detail]),
        ),
      )
      const wrong = checks.filter((check) => !check.ok).map(({ name }) => name)
      if (!ok) throw new Failed(`Not true: ${wrong.join(', ')}. docs/runbook/invariants.md says what to do.`)
    })
}
