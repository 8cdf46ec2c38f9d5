import type { Command } from 'commander'
import { example, openOutput } from '../command.ts'
import { confirm } from '../output.ts'
import { untilStopped } from '../until-stopped.ts'

/** E.g. 2026-11-27T111500Z: names sort by time, and are allowed everywhere. */
const now = () => new Date().toISOString().replaceAll(':', '').replace(/\.\d+/, '')

/** These need the database and no API: what they do is loaded when they are used. */
const load = async () => ({
  ...(await import('../local-config.ts')),
  ...(await import('../../root.ts')),
  ...(await import('../../stack/with-database.ts')),
})

const rowsOf = (tables: readonly { rows: number }[]): number =>
  tables.reduce((sum, { rows }) => sum + rows, 0)

export function addBackupCommands(program: Command): void {
  program
    .command('backup')
    .description('write the database to a folder, as of one moment, while the system runs')
    .argument('[folder]', 'which does not exist yet; backups/<time> by default')
    .addHelpText('after', example('backup', 'backup /mnt/monday'))
    .action(async (named: string | undefined, _options: unknown, command: Command) => {
      const folder = named ?? `backups/${now()}`
      const out = openOutput(command)
      const { readLocalConfig, readVersion, withDatabase } = await load()
      const { backUp } = await import('../../prisma/backup/backup.ts')
      const { tables, takenAt } = await untilStopped((signal) =>
        withDatabase(readLocalConfig(), ({ migrator }) =>
          backUp(migrator, folder, { version: readVersion(), signal }),
        ),
      )
      const rows = rowsOf(tables)
      out.answer({ folder, takenAt, rows, tables: tables.length }, () =>
        out.print(`${folder} holds ${rows} rows of ${tables.length} tables, as of ${takenAt}.`),
      )
    })
  program
    .command('restore')
    .description('fill an empty database from a backup, and start the system afterwards: docs/backup.md')
    .argument('<folder>', 'that `backup` wrote')
    .option('--yes', 'do not ask')
    .addHelpText('after', example('restore backups/2026-11-27T111500Z'))
    .action(async (folder: string, options: { yes?: boolean }, command: Command) => {
      const out = openOutput(command)
      await confirm(`Fill the database from ${folder}?`, options)
      const { readLocalConfig, withDatabase } = await load()
      const { restore } = await import('../../prisma/backup/restore.ts')
      const { manifest, migrated } = await untilStopped((signal) =>
        withDatabase(readLocalConfig(), ({ migrator, application }) =>
          restore(migrator, folder, { applicationUrl: application, signal }),
        ),
      )
      const { takenAt, tables } = manifest
      const [rows, { release }] = [rowsOf(tables), migrated]
      out.answer({ folder, takenAt, release, rows, tables: tables.length }, () =>
        out.print(
          `The database is as of ${takenAt}, at release ${release}: ${rows} rows of ${tables.length} tables. Erase again who was erased since: docs/personal-data.md.`,
        ),
      )
    })
}
