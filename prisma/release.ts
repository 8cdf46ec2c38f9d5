/**
 * The release of migrations and functions that this code needs. Raise it with every change of either, then record it
 * with `npm run record:release`. A database never goes back to a lower release, and during a deployment the processes
 * of two adjacent releases call the same functions: docs/adr/0025-functions-live-in-files.md has the rules.
 */
export const RELEASE = 7
