import { program } from 'commander'
import { readConfig } from '../config.ts'
import { restore } from '../prisma/backup/restore.ts'
import { withDatabase } from '../stack/with-database.ts'
import { untilStopped } from './until-stopped.ts'

program
  .name('npm run restore --')
  .description('Fills an empty database from a backup. Start the system afterwards: docs/backup.md.')
  .argument('<folder>', 'which `npm run backup` wrote')
  .action((folder: string) =>
    untilStopped(async (signal) => {
      const { manifest, migrated } = await withDatabase(readConfig(), ({ migrator, application }) =>
        restore(migrator, folder, { applicationUrl: application, signal }),
      )
      const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
      return `The database is as of ${manifest.takenAt}, at release ${migrated.release}: ${rows} rows of ${manifest.tables.length} tables. Erase again who was erased since: docs/personal-data.md.`
    }),
  )

await program.parseAsync()
