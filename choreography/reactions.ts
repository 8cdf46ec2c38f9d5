import { randomUUID } from 'node:crypto'
import type { Sql } from '../events/store/sql.ts'
import type { Note, Progress } from './reaction.ts'

/** What a participant has to do for an order, claimed by this process for a while. */
export interface Claimed {
  sagaId: string
  definition: string
  /** The step or the undo. */
  activity: string
  participant: string
  /** With it, and with no other, the reaction is ended or put off. */
  claim: string
  progress: Partial<Progress>
  /** Since it was last tried, an operator or a customer has changed something. */
  isWoken: boolean
  /** The process that had claimed it before has not come back. */
  isLost: boolean
  /** The trace that the order is part of. */
  traceParent?: string | null
  /** Milliseconds until the order's deadline, by the clock of the database. */
  leftMs: number
}

/** For how much of what a participant has to do there is room. */
export interface Room {
  participant: string
  limit: number
  /** How many of them, at most, may have been tried before. */
  again: number
}

/** Before all ids. */
const NIL = '00000000-0000-0000-0000-000000000000'

type Named = Pick<Claimed, 'sagaId' | 'activity' | 'claim'>

/** What is known of reactions. The rules stand beside the functions in prisma/functions/reactions.sql. */
export function createReactions(db: Sql) {
  return {
    /**
     * Takes what is due of participants that have room, in one statement for all of them.
     * @returns nothing when none has room.
     */
    async claim(
      rooms: readonly Room[],
      definitions: readonly string[],
      claimSeconds: number,
    ): Promise<Claimed[]> {
      if (rooms.length === 0) return []
      const claim = randomUUID()
      const rows = await db.query<Omit<Claimed, 'claim' | 'leftMs'> & { deadlineAt: Date; now: Date }>(
        `SELECT saga AS "sagaId", definition, activity, participant, progress, is_woken AS "isWoken", is_lost AS "isLost",
                deadline_at AS "deadlineAt", clock_timestamp() AS now, trace_parent AS "traceParent"
           FROM reactions_take($1::text[], $2::integer[], $3::integer[], $4::text[], $5::uuid, $6::float8)`,
        [
          rooms.map(({ participant }) => participant),
          rooms.map(({ limit }) => limit),
          rooms.map(({ again }) => again),
          definitions,
          claim,
          claimSeconds,
        ],
      )
      return rows.map(({ deadlineAt, now, ...row }) => ({
        ...row,
        claim,
        leftMs: deadlineAt.getTime() - now.getTime(),
      }))
    },

    async end({ sagaId, activity, claim }: Named): Promise<void> {
      await db.query('SELECT 1 FROM reaction_end($1::uuid, $2, $3::uuid)', [sagaId, activity, claim])
    },

    async turnBack(
      { sagaId, activity, claim }: Named,
      { code, step, detail }: { code: string; step: string; detail?: string | undefined },
    ): Promise<void> {
      await db.query('SELECT 1 FROM reaction_turn_back($1::uuid, $2, $3::uuid, $4, $5, $6)', [
        sagaId,
        activity,
        claim,
        code,
        step,
        detail ?? null,
      ])
    },

    /** @param error the class of error that keeps the step from being done, never its text. */
    async skip({ sagaId, activity, claim }: Named, step: string, error: string): Promise<void> {
      await db.query('SELECT 1 FROM reaction_skip($1::uuid, $2, $3::uuid, $4, $5)', [
        sagaId,
        activity,
        claim,
        step,
        error,
      ])
    },

    /** @param note what the order's record says meanwhile of the step; `why` is a class of error, never its text. */
    async defer(
      { sagaId, activity, claim }: Named,
      step: string,
      progress: Progress,
      ms: number,
      note?: Note,
    ): Promise<void> {
      await db.query(
        'SELECT 1 FROM reaction_defer($1::uuid, $2, $3::uuid, $4::jsonb, $5::float8, $6, $7, $8)',
        [sagaId, activity, claim, JSON.stringify(progress), ms, step, note?.kind ?? null, note?.why ?? null],
      )
    },

    /**
     * Looks after the orders that no event moves, those that have not moved for long in the order of their ids.
     * @param from where to go on; undefined where it begins.
     * @returns how many it has moved, and where to go on; undefined at the end.
     */
    async watch(
      outlines: object,
      afterSeconds: number,
      limit: number,
      from: string | undefined,
    ): Promise<{ looked: number; reached: string | undefined }> {
      const [row] = await db.query<{ looked: number; reached: string | null }>(
        'SELECT looked, reached FROM choreography_watch($1::jsonb, $2::float8, $3::integer, $4::uuid)',
        [JSON.stringify(outlines), afterSeconds, limit, from ?? NIL],
      )
      return { looked: row?.looked ?? 0, reached: row?.reached ?? undefined }
    },
  }
}

export type Reactions = ReturnType<typeof createReactions>
