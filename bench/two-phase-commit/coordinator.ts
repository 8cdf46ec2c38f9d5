import { setTimeout as sleep } from 'node:timers/promises'
import type { DurableLog } from './durable-log.ts'
import { PARTICIPANTS, detailOf, type Order, type Participant } from './participants.ts'
import { answerOf, call, slownessOf, type Environment, type Protocol, type Sessions } from './protocol.ts'
import { resolve, type Decision, type InDoubt, type Resolution } from './recovery.ts'

/** By these its transactions are known among the prepared ones of a database. */
const GID_PREFIX = 'order-'
const gidOf = ({ id }: Order) => GID_PREFIX + id

/** The name of one participant's part: PostgreSQL wants it unique among all databases of a server. */
const branchOf = (gid: string, participant: Participant) => `${gid}@${participant}`

export interface CoordinatorOptions {
  log: DurableLog<Decision>
  environment: Environment
  /** The work of the four at once, else one after the other, as where a step needs the answer of the one before. */
  isParallel: boolean
}

/**
 * Two-phase commit: the work in one open transaction for each participant, then the votes, the decision on disk, and its
 * execution. A refusal comes before any vote. A fault ends the process as a crash does, and `recover` resolves both.
 */
export function createCoordinator({ log, environment, isParallel }: CoordinatorOptions): Protocol {
  const { counts, reach } = environment

  async function work(sessions: Sessions, order: Order, participant: Participant): Promise<boolean> {
    const client = sessions[participant]
    const slowMs = slownessOf(environment, participant)
    return (
      answerOf<boolean>(
        await client.query(`BEGIN; ${call(client, 'work', order.id, detailOf(participant, order), slowMs)}`),
      ) === true
    )
  }

  async function workOfAll(sessions: Sessions, order: Order): Promise<boolean> {
    if (isParallel) {
      const applied = await Promise.all(PARTICIPANTS.map((name) => work(sessions, order, name)))
      return applied.every(Boolean)
    }
    for (const participant of PARTICIPANTS) if (!(await work(sessions, order, participant))) return false
    return true
  }

  return async (sessions, order) => {
    const gid = gidOf(order)
    const each = (statementOf: (branch: string) => string) =>
      Promise.all(PARTICIPANTS.map((name) => sessions[name].query(statementOf(branchOf(gid, name)))))
    if (!(await workOfAll(sessions, order))) {
      // Outside a transaction, for a participant that was not asked, it does nothing.
      await each(() => 'ROLLBACK')
      return 'refused'
    }
    await each((branch) => `PREPARE TRANSACTION '${branch}'`)
    await reach('before the decision', order)
    await log.force({ type: 'commit', gid })
    await reach('after the decision', order)
    await each((branch) => `COMMIT PREPARED '${branch}'`)
    counts.participantFlushes += 2 * PARTICIPANTS.length
    log.note({ type: 'end', gid })
    return 'done'
  }
}

/** How long a session of a killed coordinator may take to end its last statement. */
const SESSIONS_END_WITHIN_MS = 20_000

/**
 * Resolves what a killed coordinator left in doubt, before its successor takes orders. A session of the dead one may
 * still be preparing a transaction: its end is waited for, or the list would be too short.
 * @param sessionName of the killed coordinator.
 * @throws Error when such a session does not end; nothing is resolved then.
 */
export async function recover(
  sessions: Sessions,
  decisions: readonly Decision[],
  sessionName: string,
): Promise<Resolution[]> {
  await Promise.all(PARTICIPANTS.map((name) => ended(sessions, name, sessionName)))
  const inDoubt = await Promise.all(PARTICIPANTS.map((name) => inDoubtAt(sessions, name)))
  const resolutions = resolve(decisions, inDoubt.flat())
  for (const { participant, gid, act } of resolutions)
    await sessions[participant].query(
      `${act === 'commit' ? 'COMMIT' : 'ROLLBACK'} PREPARED ${sessions[participant].escapeLiteral(branchOf(gid, participant))}`,
    )
  return resolutions
}

async function ended(sessions: Sessions, participant: Participant, name: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < SESSIONS_END_WITHIN_MS; waitedMs += 50) {
    const { rowCount } = await sessions[participant].query(
      'SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1',
      [name],
    )
    if (rowCount === 0) return
    await sleep(50)
  }
  throw new Error(
    `A session of the killed coordinator is still open at ${participant}: end it and recover again.`,
  )
}

/** The prepared transactions of the coordinator at one participant. */
export async function inDoubtAt(sessions: Sessions, participant: Participant): Promise<InDoubt[]> {
  const { rows } = await sessions[participant].query<{ gid: string }>(
    `SELECT split_part(gid, '@', 1) AS gid FROM pg_prepared_xacts
      WHERE database = current_database() AND starts_with(gid, $1) ORDER BY prepared`,
    [GID_PREFIX],
  )
  return rows.map(({ gid }) => ({ participant, gid }))
}
