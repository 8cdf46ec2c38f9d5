/**
 * The release of migrations and functions that this code needs. Raise it with every change of either, then record the
 * new release: `RECORD=1 npx vitest run --project record test/release/record.ts`. A database never goes back to a
 * lower release, so adjacent releases must work with each other: docs/adr/0025-functions-live-in-files.md.
 */
export const RELEASE = 1
