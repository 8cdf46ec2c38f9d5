/** Every advisory lock, in one place: PostgreSQL knows them by number alone, so no two may have the same. */

/** The Prisma CLI takes it too, so that both never migrate at once. */
export const MIGRATION_LOCK = 72_707_369

/** The messages of the embedded broker get their positions one append at a time. */
export const APPEND_LOCK = 72_707_370

/** The leaders, by their office: the process that holds the lock leads. */
export const LEADER_LOCKS = {
  relay: 72_707_371,
  projector: 72_707_372,
  choreography: 72_707_374,
  invariants: 72_707_380,
} as const

export type Office = keyof typeof LEADER_LOCKS

/** One process at a time takes orphans, in `prisma/functions/orphans.sql`. */
export const ORPHANS_LOCK = 72_707_373
