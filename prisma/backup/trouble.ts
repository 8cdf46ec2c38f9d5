import { isDatabaseTrouble } from '../../faults.ts'

/** In one line what went wrong, that nothing came of it, and what to do. */
export function explained(outcome: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const advice = adviceOn(error)
  return advice === undefined
    ? error
    : new Error(`${outcome} (${error.message}): ${advice}`, { cause: error })
}

function adviceOn(error: Error): string | undefined {
  if (isDatabaseTrouble(error)) return 'see that the database answers, then run it again.'
  if ('code' in error && error.code === PERMISSION_DENIED)
    return 'name the role that owns the tables in MIGRATE_DATABASE_URL.'
  if ('syscall' in error) return 'make room, or name a folder that you may write to.'
  return undefined
}

/** SQLSTATE. */
const PERMISSION_DENIED = '42501'
