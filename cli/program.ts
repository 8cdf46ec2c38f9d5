import { Command } from 'commander'
import { readVersion } from '../root.ts'
import { addAccountsCommands } from './commands/accounts.ts'
import { addAuditCommand } from './commands/audit.ts'
import { addBackupCommands } from './commands/backups.ts'
import { addBenchCommand } from './commands/bench.ts'
import { addCompletionCommand } from './commands/completion.ts'
import { addDeadLettersCommands } from './commands/dead-letters.ts'
import { addDoctorCommand } from './commands/doctor.ts'
import { addFaultsCommands } from './commands/faults.ts'
import { addHistoryCommands } from './commands/histories.ts'
import { addInvariantsCommand } from './commands/invariants.ts'
import { addKeysCommands } from './commands/keys.ts'
import { addMaintenanceCommands } from './commands/maintenance.ts'
import { addOrderCommands } from './commands/orders.ts'
import { addParkedCommands } from './commands/parked.ts'
import { addProcessesCommands } from './commands/processes.ts'
import { addProjectionsCommands } from './commands/projections.ts'
import { addReconciliationCommands } from './commands/reconciliation.ts'
import { addReturnsCommands } from './commands/returns.ts'
import { addSagasCommand } from './commands/sagas.ts'
import { addTransferCommands } from './commands/transfers.ts'
import { DEFAULT_URL } from './settings.ts'

/** Every command, each in a file of its subject below `commands/`. */
const SUBJECTS: readonly ((program: Command) => void)[] = [
  addOrderCommands,
  addParkedCommands,
  addReturnsCommands,
  addDoctorCommand,
  addInvariantsCommand,
  addReconciliationCommands,
  addTransferCommands,
  addAccountsCommands,
  addDeadLettersCommands,
  addProjectionsCommands,
  addMaintenanceCommands,
  addFaultsCommands,
  addProcessesCommands,
  addHistoryCommands,
  addKeysCommands,
  addAuditCommand,
  addSagasCommand,
  addBackupCommands,
  addBenchCommand,
  addCompletionCommand,
]

const SETTINGS = `
Settings:
  ORDER_SAGA_URL       where the API is, unless --url says so
  ORDER_SAGA_KEY       your key
  ORDER_SAGA_KEY_FILE  a file of mode 600 that holds it; ~/.config/order-saga/key by default
  NO_COLOR             no colours

Exit codes:
  0 fine, 1 refused or failed, 2 wrong usage, 3 the API is not reachable or cannot serve at present, 4 not allowed,
  5 no such thing`

/** @returns a program that throws CommanderError instead of ending the process. */
export function buildProgram(): Command {
  const program = new Command('order-saga')
    .description('Orders, and what operators do with them: a client of the API.')
    .version(readVersion())
    .option('--url <url>', `where the API is (default: ORDER_SAGA_URL, else ${DEFAULT_URL})`)
    .option('--json', 'print the answer of the API as it is')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('See --help.')
    .addHelpText('after', SETTINGS)
    .exitOverride()
  for (const add of SUBJECTS) add(program)
  return program
}
