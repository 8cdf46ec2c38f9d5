import { program } from 'commander'
import { readConfig } from '../config.ts'
import { backUp } from '../prisma/backup/backup.ts'
import { readVersion } from '../root.ts'
import { withDatabase } from '../stack/with-database.ts'
import { untilStopped } from './until-stopped.ts'

/** E.g. 2026-11-27T111500Z: names sort by time, and are allowed everywhere. */
const now = () => new Date().toISOString().replaceAll(':', '').replace(/\.\d+/, '')

program
  .name('npm run backup --')
  .description('Writes the database to a folder, as of one moment, while the system runs.')
  .argument('[folder]', 'which is not there yet', `backups/${now()}`)
  .action((folder: string) =>
    untilStopped(async (signal) => {
      const { tables, takenAt } = await withDatabase(readConfig(), ({ migrator }) =>
        backUp(migrator, folder, { version: readVersion(), signal }),
      )
      const rows = tables.reduce((sum, table) => sum + table.rows, 0)
      return `${folder} holds ${rows} rows of ${tables.length} tables, as of ${takenAt}.`
    }),
  )

await program.parseAsync()
